//! What brms does, seen from outside: real requests to a real server on a free port, a database of its
//! own for each test. One program, so that it links once.

mod support;

mod first;
