//! The password file of PostgreSQL's own clients (`PGPASSFILE`): lines of `host:port:database:user:password`, where `*`
//! stands for anything and `\` makes `:` and `\` ordinary.

use postgres::Config;
use postgres::config::Host;

/// The password of the first line that is about the database of `config`.
pub(super) fn find(file: &str, config: &Config) -> Option<String> {
    let lines = file.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(fields).find(|fields| is_about(fields, config)).and_then(|fields| fields.into_iter().nth(4))
}

fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match letter {
            ':' => fields.push(String::new()),
            '\\' => fields.last_mut().into_iter().for_each(|field| field.extend(letters.next())),
            _ => fields.last_mut().into_iter().for_each(|field| field.push(letter)),
        }
    }
    fields
}

fn is_about(fields: &[String], config: &Config) -> bool {
    let [host, port, database, user, _] = fields else { return false };
    let is = |field: &str, value: &str| field == "*" || field == value;
    let has_host = config.get_hosts().iter().any(|named| match named {
        Host::Tcp(name) => is(host, name),
        Host::Unix(_) => is(host, "localhost"),
    });
    let ports = config.get_ports();
    let has_port =
        ports.iter().any(|number| is(port, &number.to_string())) || ports.is_empty() && is(port, "5432");
    let name = config.get_user().unwrap_or_default();
    has_host && has_port && is(database, config.get_dbname().unwrap_or(name)) && is(user, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_about_the_database_has_the_password() {
        let config: Config = "postgres://anna@db.example:5433/people".parse().unwrap();
        let file = "# comment\nother:5433:people:anna:wrong\n*:5432:*:*:wrong\ndb.example:5433:*:anna:a\\:b\\\\c\n*:*:*:*:late\n";
        assert_eq!(find(file, &config).as_deref(), Some("a:b\\c"));
        assert_eq!(find("db.example:5433:people:bea:x", &config), None);
        assert_eq!(find("too:few", &config), None);
    }
}
