//! The response URLs of slash commands and clicks: what each stands for, and how often and how long it may be used. How a
//! message is posted is not known here.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use super::ids;

/// Answers that one address takes (docs: "Handling user interaction", "Message responses").
const USES: u32 = 5;
/// How long it takes them (the same place).
const LIFETIME: Duration = Duration::from_secs(30 * 60);

/// Every address that may still be asked about, by its secret.
#[derive(Debug, Default)]
pub(crate) struct ResponseUrls(HashMap<String, Address>);

#[derive(Debug)]
struct Address {
    place: Place,
    made: Instant,
    uses: u32,
}

/// Where an answer goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Channel id.
    pub(crate) channel: String,
    /// User id of the asker.
    pub(crate) user: String,
}

impl ResponseUrls {
    /// The path of a new address.
    pub(crate) fn make(&mut self, team: &str, place: Place) -> String {
        self.0.retain(|_, address| address.made.elapsed() < LIFETIME);
        let secret = ids::secret(24);
        let path = format!("commands/{team}/{}/{secret}", ids::number());
        self.0.insert(secret, Address { place, made: Instant::now(), uses: 0 });
        path
    }

    /// Uses an address once, or tells Slack's error code. `time_factor` divides its lifetime.
    pub(crate) fn take(&mut self, secret: &str, time_factor: f64) -> Result<Place, &'static str> {
        let address = self.0.get_mut(secret).ok_or("expired_url")?;
        if address.made.elapsed() >= LIFETIME.div_f64(time_factor) {
            return Err("expired_url");
        }
        if address.uses == USES {
            return Err("used_url");
        }
        address.uses += 1;
        Ok(address.place.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_takes_five_answers_and_none_after_half_an_hour() {
        let place = Place { channel: "C1".to_owned(), user: "U1".to_owned() };
        let mut urls = ResponseUrls::default();
        let path = urls.make("T1", place.clone());
        let secret = path.rsplit('/').next().unwrap();
        for _ in 0..USES {
            assert_eq!(urls.take(secret, 1.0), Ok(place.clone()));
        }
        assert_eq!(urls.take(secret, 1.0), Err("used_url"));
        assert_eq!(urls.take(secret, 1e12), Err("expired_url"));
        assert_eq!(urls.take("guessed", 1.0), Err("expired_url"));
    }
}
