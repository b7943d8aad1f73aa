//! The service over fakes, and the requests that a client sends it.

use crate::{
    clock::TestClock, executor::block_on, hasher::CheapHasher, observer::RecordingObserver, random::SeededRandom,
};
use auth101_core::{
    Auth101, Config, Options, Ports, Secret,
    domain::session::Client,
    http::{
        body::Body,
        request::{Headers, Request},
        response::Response,
    },
    port::{Random, Store},
};
use serde_json::{Value, json};
use std::rc::Rc;
use zeroize::Zeroizing;

/// The secret of every service here that is not given another one.
pub const SECRET: &str = "a secret of the tests, 32 bytes or longer";
/// A password that sign-up takes.
pub const PASSWORD: &str = "correct horse";

/// The default configuration with [`SECRET`], changed as asked.
#[must_use]
pub fn config(change: impl FnOnce(&mut Options)) -> Rc<Config> {
    let mut options = Options { secret: Some(Secret::new(SECRET.into())), ..Options::default() };
    change(&mut options);
    Rc::new(Config::new(&options).expect("the configuration is valid"))
}

/// The parts of a service. Change any of them; every request builds its `Auth101` anew, as a Worker does.
#[derive(Clone)]
pub struct Service<S> {
    /// The settings.
    pub config: Rc<Config>,
    /// The store.
    pub store: S,
    /// The hasher.
    pub hasher: CheapHasher,
    /// The clock.
    pub clock: TestClock,
    /// The randomness.
    pub random: Rc<dyn Random>,
    /// The security log.
    pub observer: RecordingObserver,
}

impl<S: Store + Clone> Service<S> {
    /// The default configuration over this store.
    pub fn new(store: S) -> Self {
        Self::with(store, |_| ())
    }

    /// The default configuration, changed as asked.
    pub fn with(store: S, change: impl FnOnce(&mut Options)) -> Self {
        Self {
            config: config(change),
            store,
            hasher: CheapHasher::default(),
            clock: TestClock::default(),
            random: Rc::new(SeededRandom::new(101)),
            observer: RecordingObserver::default(),
        }
    }

    /// The same service over another store.
    pub fn over<T: Store + Clone>(&self, store: T) -> Service<T> {
        Service {
            config: Rc::clone(&self.config),
            store,
            hasher: self.hasher.clone(),
            clock: self.clock.clone(),
            random: Rc::clone(&self.random),
            observer: self.observer.clone(),
        }
    }

    /// The service itself.
    pub fn auth(&self) -> Auth101<S, CheapHasher> {
        let ports = Ports {
            observer: Rc::new(self.observer.clone()),
            ..Ports::new(Rc::new(self.clock.clone()), Rc::clone(&self.random))
        };
        Auth101::new(Rc::clone(&self.config), self.store.clone(), self.hasher.clone(), ports)
    }

    /// Answers a request; dropping the future is a crash.
    pub async fn answer(&self, request: Request) -> Answer {
        Answer::of(self.auth().handle(request).await)
    }

    /// Answers a request to its end.
    pub fn send(&self, request: Request) -> Answer {
        block_on(self.answer(request))
    }

    /// Signs a new user up; the tokens.
    pub fn signed_up(&self, email: &str) -> Tokens {
        let answer = self.send(sign_up(email, PASSWORD));
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.tokens()
    }

    /// Refreshes; the answer.
    pub fn refresh(&self, token: &str) -> Answer {
        self.send(refresh(token))
    }
}

/// The two tokens of an answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tokens {
    /// The access token.
    pub access: String,
    /// The refresh token.
    pub refresh: String,
}

/// A response, as a client reads it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Every header.
    pub headers: Vec<(String, String)>,
    /// The bytes of the body.
    pub body: Vec<u8>,
}

impl Answer {
    /// Reads a response.
    #[must_use]
    pub fn of(response: Response) -> Self {
        let headers = response.headers.iter().map(|(name, value)| ((*name).into(), value.to_string())).collect();
        Self { status: response.status, headers, body: response.body }
    }

    /// The value of a header, by the exact name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The code of an error.
    #[must_use]
    pub fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().into()
    }

    /// The message of an error.
    #[must_use]
    pub fn message(&self) -> String {
        self.json()["error"]["message"].as_str().unwrap_or_default().into()
    }

    /// The tokens of a success.
    #[must_use]
    pub fn tokens(&self) -> Tokens {
        let json = self.json();
        let text = |name: &str| json[name].as_str().unwrap_or_else(|| panic!("no {name} in {}", self.text())).into();
        Tokens { access: text("access_token"), refresh: text("refresh_token") }
    }
}

/// A request with a body.
#[must_use]
pub fn post(path: &str, body: &Value) -> Request {
    Request {
        method: "POST".into(),
        path: format!("/auth{path}"),
        headers: Headers::read(|name| (name == "content-type").then(|| "application/json".into())),
        body: Body::Complete(Zeroizing::new(body.to_string().into_bytes())),
        client: Client { ip_address: Some("192.0.2.7".into()), user_agent: Some("test".into()) },
    }
}

/// `POST /sign-up/email`
#[must_use]
pub fn sign_up(email: &str, password: &str) -> Request {
    post("/sign-up/email", &json!({ "email": email, "password": password }))
}

/// `POST /sign-in/email`
#[must_use]
pub fn sign_in(email: &str, password: &str) -> Request {
    post("/sign-in/email", &json!({ "email": email, "password": password }))
}

/// `POST /refresh`
#[must_use]
pub fn refresh(token: &str) -> Request {
    post("/refresh", &json!({ "refresh_token": token }))
}

/// `POST /revoke`
#[must_use]
pub fn revoke(token: &str) -> Request {
    post("/revoke", &json!({ "refresh_token": token }))
}

/// `POST /sign-out`
#[must_use]
pub fn sign_out(access_token: &str) -> Request {
    Request {
        headers: Headers::read(|name| (name == "authorization").then(|| format!("Bearer {access_token}"))),
        ..post("/sign-out", &json!({}))
    }
}

/// `GET /session`
#[must_use]
pub fn session(access_token: &str) -> Request {
    Request { method: "GET".into(), path: "/auth/session".into(), body: Body::empty(), ..sign_out(access_token) }
}

/// Every route with success: for Ada, who is signed in with these tokens, and for Bob, who is new.
#[must_use]
pub fn every_route(ada: &str, tokens: &Tokens) -> [(&'static str, Request); 6] {
    [
        ("sign-up", sign_up("bob@example.com", PASSWORD)),
        ("sign-in", sign_in(ada, PASSWORD)),
        ("refresh", refresh(&tokens.refresh)),
        ("session", session(&tokens.access)),
        ("sign-out", sign_out(&tokens.access)),
        ("revoke", revoke(&tokens.refresh)),
    ]
}
