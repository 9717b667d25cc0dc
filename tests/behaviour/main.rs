//! What brms does, seen from outside: real requests to a real server on a free port, a database of its
//! own for each test. One program, so that it links once.

mod support;

mod bodies;
mod credentials;
mod hostile;
mod isolation;
mod members;
mod members_together;
mod noise;
mod requests;
mod rights;

mod accepting;
mod codes;
mod invitations;
mod mails;

mod command_line;
mod connections;
mod durability;
mod faults;
mod processes;
mod seeds;
mod starting;
