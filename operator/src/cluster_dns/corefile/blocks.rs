//! A Corefile's server blocks: which zones each serves, and which plugins it names. It follows CoreDNS's own parser
//! (github.com/coredns/caddy, `caddyfile/parse.go`) as far as files go that can be told apart without running them.

use super::{
    Error,
    lexer::{Lexed, Token},
};
use crate::cluster_dns::stub_zones::{DNS_PORT, normal};

/// What of a Corefile matters to somebody who adds a block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blocks {
    pub servers: Vec<Server>,
    /// What is imported outside of blocks.
    pub imports: Vec<String>,
    /// A block or a snippet names the plugin `reload`.
    pub reloads: bool,
}

/// A server block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Server {
    pub keys: Vec<Key>,
    /// First words of its lines: plugins.
    pub directives: Vec<String>,
}

/// What a server block serves, e.g. `dns://slack.com:53`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub text: String,
    /// In normal form; empty for `.`.
    pub zone: String,
    /// None for another transport than plain DNS.
    pub port: Option<u16>,
}

impl Server {
    /// Whether it serves `zone` by plain DNS on `port`.
    pub fn serving(&self, zone: &str, port: u16) -> Option<&Key> {
        self.keys.iter().find(|key| key.zone == zone && key.port == Some(port))
    }
}

impl Blocks {
    /// # Errors
    /// When CoreDNS would refuse the file, or a block cannot be added to it.
    pub fn parse(lexed: &Lexed<'_>) -> Result<Self, Error> {
        let mut parser = Parser { tokens: &lexed.tokens, at: 0 };
        let mut blocks = Self::default();
        while parser.at < parser.tokens.len() {
            parser.block(&mut blocks)?;
        }
        Ok(blocks)
    }

    /// Port of the servers that answer for everything, on which pods ask.
    pub fn port(&self) -> u16 {
        let mut ports = self.servers.iter().flat_map(|server| &server.keys).filter(|key| key.zone.is_empty());
        let first = ports.clone().find_map(|key| key.port);
        if ports.any(|key| key.port == Some(DNS_PORT)) { DNS_PORT } else { first.unwrap_or(DNS_PORT) }
    }
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at)
    }

    /// Whether the next token begins a line.
    fn begins_line(&self) -> bool {
        match (self.at.checked_sub(1).and_then(|before| self.tokens.get(before)), self.peek()) {
            (Some(before), Some(next)) => before.line + before.breaks < next.line,
            _ => true,
        }
    }

    /// One server block, snippet or import.
    fn block(&mut self, blocks: &mut Blocks) -> Result<(), Error> {
        let keys = self.keys(blocks)?;
        let Some(next) = self.peek() else {
            return if keys.is_empty() { Ok(()) } else { Err(Error::NoBraces(keys.join(" "))) };
        };
        if keys.is_empty() {
            return Err(Error::Unbalanced { line: next.line + 1 });
        }
        if next.text != "{" {
            return Err(Error::NoBraces(keys.join(" ")));
        }
        let line = next.line + 1;
        self.at += 1;
        let directives = self.directives(line)?;
        blocks.reloads |= directives.iter().any(|directive| directive == "reload");
        let is_snippet = matches!(&keys[..], [name] if name.starts_with('(') && name.ends_with(')'));
        if !is_snippet {
            let keys = keys.iter().map(|key| parse_key(key)).collect::<Result<_, _>>()?;
            blocks.servers.push(Server { keys, directives });
        }
        Ok(())
    }

    fn keys(&mut self, blocks: &mut Blocks) -> Result<Vec<String>, Error> {
        let (mut keys, mut expecting) = (Vec::new(), false);
        while let Some(token) = self.peek() {
            let (text, line) = (token.text.clone(), token.line + 1);
            if text == "{" && !expecting {
                break;
            }
            if matches!(text.as_str(), "{" | "}") {
                return Err(Error::Unbalanced { line });
            }
            if text == "import" && self.begins_line() {
                self.import(blocks, line)?;
                continue;
            }
            check(token)?;
            self.at += 1;
            if !text.is_empty() {
                expecting = text.ends_with(',');
                keys.push(text.strip_suffix(',').unwrap_or(&text).to_owned());
            }
            if !expecting && self.peek().is_some() && self.begins_line() && !keys.is_empty() {
                break;
            }
        }
        Ok(keys)
    }

    fn import(&mut self, blocks: &mut Blocks, line: usize) -> Result<(), Error> {
        self.at += 1;
        match self.peek() {
            Some(what) if !self.begins_line() => {
                blocks.imports.push(what.text.clone());
                self.at += 1;
                Ok(())
            }
            _ => Err(Error::Unbalanced { line }),
        }
    }

    /// The lines of a block whose opening brace on `line` was taken, up to and with its closing brace.
    fn directives(&mut self, line: usize) -> Result<Vec<String>, Error> {
        let (mut directives, mut nesting, mut inside) = (Vec::new(), 0_usize, false);
        while let Some(token) = self.peek() {
            check(token)?;
            let opens = token.text == "{";
            if inside && nesting == 0 && !opens && self.begins_line() {
                inside = false;
            }
            let closes = token.text == "}";
            match (inside, nesting) {
                (false, _) if closes => {
                    self.at += 1;
                    return Ok(directives);
                }
                (false, _) if opens => return Err(Error::Unbalanced { line: token.line + 1 }),
                (false, _) => {
                    directives.push(token.text.clone());
                    inside = true;
                }
                (true, _) if opens => nesting += 1,
                (true, 0) if closes => return Err(Error::Unbalanced { line: token.line + 1 }),
                (true, _) if closes => nesting -= 1,
                (true, _) => {}
            }
            self.at += 1;
        }
        Err(Error::Unbalanced { line })
    }
}

fn check(token: &Token) -> Result<(), Error> {
    if token.unterminated { Err(Error::Quote { line: token.line + 1 }) } else { Ok(()) }
}

fn parse_key(text: &str) -> Result<Key, Error> {
    if text.contains("{$") || text.contains("{%") {
        return Err(Error::Environment(text.into()));
    }
    let (transport, rest) = text.split_once("://").unwrap_or(("dns", text));
    let (host, port) = match rest.rsplit_once(':').map(|(host, port)| (host, port.parse::<u16>())) {
        Some((host, Ok(port))) => (host, port),
        _ => (rest, DNS_PORT),
    };
    let port = transport.eq_ignore_ascii_case("dns").then_some(port);
    Ok(Key { text: text.into(), zone: normal(host), port })
}

#[cfg(test)]
mod tests {
    use super::{super::lexer::lex, *};

    fn parse(text: &str) -> Result<Blocks, Error> {
        Blocks::parse(&lex(text))
    }

    fn keys(text: &str) -> Vec<Vec<String>> {
        let blocks = parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        blocks.servers.into_iter().map(|s| s.keys.into_iter().map(|key| key.text).collect()).collect()
    }

    #[test]
    fn several_zones_of_one_block_are_told_in_every_way_to_write_them() {
        for text in ["a b {\n}", "a, b {\n}", "a,\nb {\n}", "a b\n{\n}", "a, b { }", "# x\na b { # y\n}\n"] {
            assert_eq!(keys(text), [["a", "b"]], "{text:?}");
        }
        assert_eq!(keys("a {\n} b {\n}"), [["a"], ["b"]]);
    }

    #[test]
    fn snippets_and_imports_are_no_servers() {
        let blocks = parse("(s) {\n reload\n}\nimport x/*.server\n. {\n import s\n}\nimport y").unwrap();
        assert_eq!((blocks.servers.len(), blocks.reloads), (1, true));
        assert_eq!(blocks.imports, ["x/*.server", "y"]);
    }

    #[test]
    fn plugins_are_the_first_words_of_a_block_s_own_lines() {
        let text = ". {\n a {\n  b\n }\n c d\n e f {\n  g {\n   h\n  }\n }\n}";
        assert_eq!(parse(text).unwrap().servers[0].directives, ["a", "c", "e"]);
    }

    #[test]
    fn a_key_is_a_transport_a_zone_and_a_port() {
        for (text, zone, port) in [
            ("slack.com", "slack.com", Some(53)),
            ("Slack.COM.:53", "slack.com", Some(53)),
            ("dns://slack.com:1053", "slack.com", Some(1053)),
            ("tls://slack.com", "slack.com", None),
            (".", "", Some(53)),
            (".:5353", "", Some(5353)),
            ("10.0.0.0/8", "10.0.0.0/8", Some(53)),
        ] {
            let key = parse_key(text).unwrap();
            assert_eq!((key.zone.as_str(), key.port), (zone, port), "{text}");
        }
        assert!(matches!(parse_key("{$ZONE}:53"), Err(Error::Environment(_))));
    }

    #[test]
    fn the_port_is_that_of_the_root() {
        for (text, port) in [
            (".:53 { }", 53),
            (". { }", 53),
            (".:5353 { }", 5353),
            ("a:53 { }\n.:1053 { }", 1053),
            (".:1053 .:53 { }", 53),
            ("tls://.:853 { }", 53),
            ("", 53),
        ] {
            assert_eq!(parse(text).unwrap().port(), port, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_told_apart_is_refused() {
        for text in [
            "{",
            "}",
            ". {",
            ". { }\n}",
            ". {\n a {\n}",
            "a, {\n}",
            ". { errors }",
            "import",
            "{ }",
            ". {\n a }\n}",
            ". {\n {\n }\n}",
        ] {
            assert!(matches!(parse(text), Err(Error::Unbalanced { .. })), "{text:?}: {:?}", parse(text));
        }
        for text in [".:53\nforward . 8.8.8.8", "a", "a b"] {
            assert!(matches!(parse(text), Err(Error::NoBraces(_))), "{text:?}");
        }
        assert!(matches!(parse(". {\n a \"b\n}"), Err(Error::Quote { .. })));
    }
}
