//! What tokens look like that services give out. They are masked wherever they come from: the bot need not know them.

use std::{ops::Range, sync::LazyLock};

use regex::bytes::Regex;

/// One alternative a shape; where one has a group, only the group is secret. Each begins with letters that are looked for
/// first and ends with so many characters that no word and no name is meant. Sources, beside what services document:
/// the rules of gitleaks (`config/gitleaks.toml`) and GitHub's "Supported secret scanning patterns".
const SHAPES: &str = r#"(?x-u)
    # Slack: tokens of bots, users, apps, and those that rotate (docs: "Tokens", "Token rotation")
    xox[abcdeprs](?:\.xox[bp])?-[A-Za-z0-9%+/-]{8,}
  | xapp-[0-9]-[A-Za-z0-9-]{6,}
    # Slack: addresses that post for whoever knows them (docs: "Sending messages using incoming webhooks", "Handling user
    # interaction")
  | hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers|commands|actions)/([A-Za-z0-9/_+-]{8,})
    # GitHub (docs: "About authentication to GitHub", "GitHub's token formats")
  | gh[oprsu]_[A-Za-z0-9]{20,}
  | github_pat_[A-Za-z0-9_]{20,}
    # GitLab (docs: "GitLab token overview", "Token prefixes")
  | gl(?:pat|oas|dt|rt|rtr|cbt|ptt|ft|imt|agent|soat|ffct|wt)-[A-Za-z0-9_.-]{20,}
    # AWS (docs: "IAM identifiers", "Unique identifiers"), and the key that belongs to the id, where it is named
  | \b(?:AKIA|ASIA)[A-Z2-7]{16}\b
  | (?:aws_secret_access_key|AWS_SECRET_ACCESS_KEY|SecretAccessKey)[\s"'\\]*[:=][\s"'\\]*([A-Za-z0-9/+]{40})
    # Google: API keys, secrets of OAuth clients, access tokens (docs: "Manage API keys", "Using OAuth 2.0")
  | AIza[A-Za-z0-9_-]{35}
  | GOCSPX-[A-Za-z0-9_-]{20,}
  | ya29\.[A-Za-z0-9_-]{20,}
    # JWT, as of Kubernetes' service accounts (RFC 7519): header and claims are JSON objects
  | eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+
    # OpenShift (docs: "Understanding authentication")
  | sha256~[A-Za-z0-9_-]{43}
    # Private keys in PEM (RFC 7468) up to their end, or as far as there are lines of them
  | -----BEGIN\ (?:[A-Z0-9]+\ )*PRIVATE\ KEY(?:\ BLOCK)?-----
    (?: (?s:.)*?-----END\ (?:[A-Z0-9]+\ )*PRIVATE\ KEY(?:\ BLOCK)?-----
      | (?:(?:\s|\\[nr])*[A-Za-z0-9+/=]{16,})+ )
    # Stripe (docs: "API keys"), Vault (docs: "Tokens"), npm, PyPI, Docker Hub, OpenAI, Anthropic
  | \b[rs]k_(?:live|test)_[A-Za-z0-9]{10,}
  | \bhv[bs]\.[A-Za-z0-9_-]{24,}
  | npm_[A-Za-z0-9]{36}
  | pypi-AgE[A-Za-z0-9_-]{20,}
  | dckr_[op]at_[A-Za-z0-9_-]{20,}
  | \bsk-(?:proj|svcacct|admin|ant)-[A-Za-z0-9_-]{20,}
    # The password in an address (RFC 3986, section 3.2.1)
  | ://[^\s/?\#:@"'<>]*:([^\s/?\#"'<>]+)@
"#;

/// None only if `SHAPES` were no regular expression, which a test would tell.
static REGEX: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(SHAPES).ok());

/// Appends where `text` holds what looks like a token.
pub(super) fn find(text: &[u8], found: &mut Vec<Range<usize>>) {
    let Some(regex) = &*REGEX else { return };
    found.extend(regex.captures_iter(text).filter_map(|shape| {
        let group = shape.iter().skip(1).flatten().next();
        group.or(shape.get(0)).map(|secret| secret.range())
    }));
}

#[cfg(test)]
mod tests {
    use super::super::Mask;

    fn masked(text: &str) -> String {
        Mask::new([] as [&str; 0]).apply(text).into_owned()
    }

    /// So many characters, as a service might draw them.
    fn random(length: usize) -> String {
        "7fQ2kZ9aXc4M1sT8vB3nL6pW0dR5".chars().cycle().take(length).collect()
    }

    #[test]
    fn tokens_of_every_kind_are_masked() {
        let (r, upper) = (random, "ABCDEFGH234567AB");
        let tokens = [
            format!("xoxb-123456789012-1234567890123-{}", r(24)),
            format!("xoxe.xoxp-1-{}", r(160)),
            format!("xapp-1-A012ABCDEFG-1234567890123-{}", r(64)),
            format!("ghp_{}", r(36)),
            format!("github_pat_{}_{}", r(22), r(59)),
            format!("glpat-{}", r(20)),
            format!("AKIA{upper}"),
            format!("ASIA{upper}"),
            format!("AIza{}", r(35)),
            format!("GOCSPX-{}", r(28)),
            format!("ya29.{}", r(60)),
            format!("eyJ{}.eyJ{}.{}", r(30), r(200), r(86)),
            format!("sha256~{}", r(43)),
            format!("sk_live_{}", r(24)),
            format!("hvs.{}", r(90)),
            format!("npm_{}", r(36)),
            format!("pypi-AgEIcHlwaS5vcmc{}", r(60)),
            format!("dckr_pat_{}", r(27)),
            format!("sk-proj-{}", r(40)),
        ];
        for token in tokens {
            assert_eq!(masked(&format!("it is {token}, or {token}")), "it is ***, or ***", "{token}");
        }
    }

    #[test]
    fn of_an_address_and_of_a_setting_only_the_secret_is_masked() {
        let hook = format!("<https://hooks.slack.com/services/T012ABC/B012ABC/{}>", random(24));
        assert_eq!(masked(&hook), "<https://hooks.slack.com/services/***>");
        let reply = format!("https://hooks.slack.com/commands/T012ABC/123456789012/{}", random(24));
        assert_eq!(masked(&reply), "https://hooks.slack.com/commands/***");
        assert_eq!(masked("redis://ops:hunter2@redis:6379/0"), "redis://ops:***@redis:6379/0");
        assert_eq!(masked("amqp://:p@ss@mq"), "amqp://:***@mq");
        let setting = format!("\"SecretAccessKey\": \"{}\"", random(40));
        assert_eq!(masked(&setting), "\"SecretAccessKey\": \"***\"");
    }

    #[test]
    fn private_keys_are_masked_also_in_json_and_where_their_end_is_cut_off() {
        let body = format!("{}\n{}\n{}", random(64), random(64), random(20));
        for kind in ["", "RSA ", "OPENSSH ", "ENCRYPTED "] {
            let key = format!("-----BEGIN {kind}PRIVATE KEY-----\n{body}\n-----END {kind}PRIVATE KEY-----");
            assert_eq!(masked(&format!("a\n{key}\nb")), "a\n***\nb");
            assert_eq!(masked(&format!("{{\"key\":{key:?}}}")), "{\"key\":\"***\"}");
        }
        let cut = format!("-----BEGIN PRIVATE KEY-----\n{body}…\n```");
        assert_eq!(masked(&cut), "***…\n```");
    }

    #[test]
    fn tokens_are_masked_when_they_are_encoded() {
        // base64 of "token: xoxb-1234567890-abcdef\n", of its end, and of a password in an address.
        let base64 = "dG9rZW46IHhveGItMTIzNDU2Nzg5MC1hYmNkZWYK";
        assert_eq!(masked(base64), "dG9rZW46I***K");
        assert_eq!(masked(&format!("key/{base64}")), "key/dG9rZW46I***K");
        assert_eq!(masked("redis%3A%2F%2Fops%3Ahunter2%40redis"), "redis%3A%2F%2Fops%3A***%40redis");
        assert_eq!(
            masked("{\"message\":\"it is\\nxoxb-1234567890-abcdef\\nand more\"}"),
            "{\"message\":\"it is\\n***\\nand more\"}"
        );
    }

    #[test]
    fn what_is_no_secret_stays() {
        for text in [
            "!democmd add token-name x",
            "commit da39a3ee5e6b4b0d3255bfef95601890afd80709",
            "id 123e4567-e89b-12d3-a456-426614174000",
            "image ghcr.io/org/app@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "pod ops-bot-7d4b9c6f5d-x2x9z in namespace chatops-system-production",
            "https://example.com:8443/a/b?c=d@e#f and http://host:8080 @bob and mailto:a@b.example",
            "xoxb-… and xapp-… are the tokens; xoxb- is the beginning",
            "pypi-attestations-of-a-package-index, npm_config_registry, task_live_configuration_of_it",
            "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUQ2hhdE9wcw==\n-----END CERTIFICATE-----",
            "expected -----BEGIN PRIVATE KEY----- at the beginning",
            "arn:aws:iam::123456789012:role/AKIA-like, ASIAN markets, GHP_NOTHING",
            "eyJ is how {\" begins in base64",
            "Reason: ErrImagePull 3m2s (x4 over 5m) kubelet Failed to pull image \"registry:5000/a\\b\"",
            "2026-11-28T11:21:28Z 100% &amp; 50% + more\n\tindented\nlines",
        ] {
            assert_eq!(masked(text), text);
        }
    }
}
