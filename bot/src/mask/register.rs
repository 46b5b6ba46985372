//! The secrets that this process has read. There is one register for the process, because what has to know them (the log,
//! which is set up before anything is read; the outbox) is far from what reads them, and because a register that is handed
//! around can be forgotten: every `Secret` enters itself.

use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use super::{Mask, SHORTEST};

/// So many secrets are known at most; the one that was read longest ago is forgotten. A bot has a handful, and each that
/// was rotated away is one more.
const MOST: usize = 256;

struct Register {
    /// The one that was read last is the last.
    secrets: Vec<String>,
    mask: Arc<Mask>,
}

static REGISTER: LazyLock<RwLock<Register>> = LazyLock::new(|| {
    RwLock::new(Register { secrets: Vec::new(), mask: Arc::new(Mask::new([] as [&str; 0])) })
});

/// Masks `secret` from now on, for the life of the process.
pub fn remember(secret: &str) {
    if secret.len() < SHORTEST {
        return;
    }
    REGISTER.write().unwrap_or_else(PoisonError::into_inner).remember(secret);
}

/// The mask over every secret that was read until now.
pub fn current() -> Arc<Mask> {
    REGISTER.read().unwrap_or_else(PoisonError::into_inner).mask.clone()
}

impl Register {
    fn remember(&mut self, secret: &str) {
        if let Some(known) = self.secrets.iter().position(|known| known == secret) {
            return self.secrets[known..].rotate_left(1);
        }
        if self.secrets.len() == MOST {
            self.secrets.remove(0);
        }
        self.secrets.push(secret.to_owned());
        self.mask = Arc::new(Mask::new(&self.secrets));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(number: usize) -> String {
        format!("secret-{number}-of-many")
    }

    #[test]
    fn secrets_that_were_rotated_away_stay_masked_and_only_those_read_longest_ago_are_forgotten() {
        let mut register = Register { secrets: Vec::new(), mask: Arc::new(Mask::new([] as [&str; 0])) };
        for number in 0..MOST {
            register.remember(&secret(number));
        }
        register.remember(&secret(0));
        register.remember(&secret(MOST));
        let masked = |number| register.mask.apply(&secret(number)) == "***";
        assert!(masked(0) && !masked(1) && masked(2) && masked(MOST));
    }
}
