//! What a route costs the database.

use auth101_testkit::{
    executor::block_on,
    fixture::{EMAIL, World, only_user},
    hasher::stored_hash,
    service::{self, PASSWORD},
    tables::Tables,
};

#[test]
fn every_route_asks_the_database_as_often_as_the_design_says() {
    let World { service, tables, driver } = World::new(None);
    let mut before = 0;
    let mut asked = || driver.inner().calls() - std::mem::replace(&mut before, driver.inner().calls());
    let mut batches = |route: &str, request, status: u16, expected: usize| {
        let answer = service.send(request);
        assert_eq!((answer.status, asked()), (status, expected), "{route}: {}", answer.text());
        answer
    };
    let tokens = batches("sign-up", service::sign_up(EMAIL, PASSWORD), 201, 1).tokens();
    batches("sign-up, taken", service::sign_up(EMAIL, PASSWORD), 400, 1);
    batches("sign-in", service::sign_in(EMAIL, PASSWORD), 200, 2);
    batches("sign-in, wrong password", service::sign_in(EMAIL, "wrong horse"), 401, 1);
    batches("sign-in, unknown", service::sign_in("nobody@example.com", PASSWORD), 401, 1);
    let rotated = batches("refresh", service::refresh(&tokens.refresh), 200, 1).tokens();
    batches("refresh, replayed", service::refresh(&tokens.refresh), 200, 1);
    batches("refresh, paced", service::refresh(&rotated.refresh), 200, 1);
    batches("session", service::session(&rotated.access), 200, 1);
    service.clock.advance(20);
    batches("refresh, reused", service::refresh(&tokens.refresh), 401, 1);
    batches("revoke", service::revoke(&rotated.refresh), 200, 1);
    batches("sign-out", service::sign_out(&rotated.access), 200, 1);
    batches("refresh with nonsense", service::refresh("nonsense"), 401, 0);
    batches("session without token", service::session(""), 401, 0);
    let weak = auth101_core::domain::password_hash::Argon2Parameters { memory: 8_192, iterations: 1, parallelism: 1 };
    block_on(tables.set_password(&only_user(&tables), Some(&stored_hash(PASSWORD, weak))));
    batches("sign-in with a rehash", service::sign_in(EMAIL, PASSWORD), 200, 2);
    assert_eq!(block_on(service.auth().purge()), Ok(0));
    // From its random start to the end, and from the first row to there: a page where there are rows, and a look before it.
    let purge = asked();
    assert!((3..=4).contains(&purge), "purge: {purge}");
}
