//! A manifest that Spin refuses is refused, with the name of what is wrong.

#![allow(clippy::unwrap_used, reason = "what a test does not expect fails it")]

use auth101_spin_host::manifest::Manifest;
use std::path::Path;

const GOOD: &str = r#"
spin_manifest_version = 2

[application]
name = "test"
version = "0.1.0"

[variables]
auth_secret = { required = true, secret = true }
host = { default = "localhost", description = "where PostgreSQL is" }

[[trigger.http]]
route = "/auth/..."
component = "auth"

[component.auth]
source = "auth.wasm"
sqlite_databases = ["default"]
allowed_outbound_hosts = ["postgres://{{ host }}:5432"]

[component.auth.build]
command = "cargo build"
watch = ["src/**/*.rs"]

[component.auth.variables]
auth_secret = "{{ auth_secret }}"
"#;

fn refusal(from: &str, to: &str) -> String {
    let text = GOOD.replacen(from, to, 1);
    assert_ne!(text, GOOD, "{from} does not stand in the manifest");
    format!("{:#}", Manifest::parse(&text).unwrap_err())
}

#[test]
fn the_manifests_of_the_repository_are_accepted() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for file in ["spin.toml", "examples/spin-mount/spin.toml", "crates/auth101-spin-suite/spin.toml"] {
        Manifest::read(&root.join(file)).unwrap();
    }
    Manifest::parse(GOOD).unwrap();
}

#[test]
fn what_spin_refuses_is_refused_and_named() {
    for (from, to, named) in [
        ("spin_manifest_version = 2", "spin_manifest_version = 1", "spin_manifest_version is 1"),
        ("name = \"test\"\n", "", "name"),
        ("version = \"0.1.0\"", "versoin = \"0.1.0\"", "versoin"),
        ("[variables]", "[variabels]", "variabels"),
        ("required = true, secret", "secret", "auth_secret"),
        ("required = true, secret", "required = true, default = \"x\", secret", "auth_secret"),
        ("secret = true }", "secert = true }", "secert"),
        ("host = {", "Host = {", "Host"),
        ("host = {", "ho__st = {", "ho__st"),
        ("host = {", "host_ = {", "host_"),
        ("route = \"/auth/...\"\n", "", "route"),
        ("route = \"/auth/...\"", "route = \"auth\"", "auth"),
        ("component = \"auth\"", "component = \"other\"", "component.other"),
        ("[[trigger.http]]", "[[trigger.redis]]", "trigger.redis"),
        ("source = \"auth.wasm\"\n", "", "source"),
        ("sqlite_databases", "sqlite_database", "sqlite_database"),
        ("[\"default\"]", "[\"de fault\"]", "de fault"),
        ("postgres://{{ host }}:5432", "{{ host }", "{{"),
        ("postgres://{{ host }}:5432", "postgres://{{ hots }}:5432", "hots"),
        ("postgres://{{ host }}:5432", "localhost:5432", "localhost:5432"),
        ("command = \"cargo build\"\n", "", "command"),
        ("watch = ", "wacht = ", "wacht"),
        ("\"{{ auth_secret }}\"", "\"{{ auth_secert }}\"", "auth_secert"),
        ("auth_secret = \"{{", "authSecret = \"{{", "authSecret"),
        ("[component.auth.variables]", "[component.auth.varaibles]", "varaibles"),
        ("sqlite_databases = [\"default\"]", "files = [\"secrets/*\"]", "files"),
    ] {
        let said = refusal(from, to);
        assert!(said.contains(named), "{to}: {said}");
    }
}

#[test]
fn two_components_cannot_have_one_route() {
    let text = format!("{GOOD}\n[[trigger.http]]\nroute = \"/auth/...\"\ncomponent = \"auth\"\n");
    assert!(format!("{:#}", Manifest::parse(&text).unwrap_err()).contains("one route"));
}
