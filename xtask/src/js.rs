//! `cargo xtask build js`: from Rust and TypeScript to the npm package.

use crate::{
    Chore,
    outputs::{make_directory_anew, replace_directory},
    tools::{in_root, install_node_modules, install_rust_target, javascript, no_arguments, run, say},
    tree::Tree,
};
use anyhow::{Context, Result, ensure};
use base64ct::{Base64, Encoding};
use std::{
    fs,
    path::{Path, PathBuf},
};
use walrus::{ExportItem, ValType};
use wasm_bindgen_cli_support::Bindgen;

pub(crate) const CHORE: Chore = Chore {
    name: "build js",
    summary: "builds the npm package into js/dist",
    help: "\
Compiles to WebAssembly, makes the JavaScript around it into js/src/wasm, and compiles each TypeScript file of js/src
twice: into js/dist/esm for import and into js/dist/cjs for require, with declarations and source maps. Installs the Rust
target and the JavaScript tools where they are missing.",
    run: |arguments| no_arguments(arguments).and_then(|()| build()),
};

const TARGET: &str = "wasm32-unknown-unknown";
const PACKAGE: &str = "auth101-js";
/// What is generated for the TypeScript to import.
const GENERATED: &str = "js/src/wasm";
/// What is published.
const OUTPUT: &str = "js/dist";
/// Where it is made: a build that fails leaves the last one as it was.
const STAGE: &str = "target/js/dist";
/// The module as a file of the package.
pub(crate) const WASM: &str = "js/dist/auth101_bg.wasm";

/// Builds it.
pub(crate) fn build() -> Result<()> {
    install_rust_target(TARGET)?;
    install_node_modules()?;
    let wasm = compile(&Tree::here())?;
    generate_sources(&wasm)?;
    transpile()?;
    let size = fs::metadata(in_root(WASM))?.len();
    say(&format!("{OUTPUT} is ready; its WebAssembly has {} KiB", size / 1024));
    Ok(())
}

/// Compiles it, and says where the module is.
pub(crate) fn compile(tree: &Tree) -> Result<PathBuf> {
    say(&format!("Compiling {PACKAGE} for {TARGET}"));
    run(&mut tree.cargo(&["build", "--release", "--target", TARGET, "--package", PACKAGE, "--lib"]))?;
    Ok(tree.module(TARGET, "release", PACKAGE))
}

/// Makes the JavaScript that calls the module.
pub(crate) fn bind(wasm: &Path, stage: &Path) -> Result<()> {
    let mut bindgen = Bindgen::new();
    bindgen.input_path(wasm).out_name("auth101").typescript(true).remove_name_section(true);
    bindgen.web(true)?.omit_default_module_path(true);
    // `__wbg_reset_state` puts a new instance in the place of one that trapped.
    bindgen.reset_state_function(true);
    generate(&mut bindgen, stage)
}

/// Makes that, and the module as text for the places where no file can be read.
fn generate_sources(wasm: &Path) -> Result<()> {
    let stage = in_root(GENERATED);
    make_directory_anew(&stage)?;
    bind(wasm, &stage)?;
    let bytes = fs::read(stage.join("auth101_bg.wasm"))?;
    let text = format!(
        "/** The WebAssembly module in base64. */\nexport const base64: string =\n  \"{}\";\n",
        Base64::encode_string(&bytes)
    );
    fs::write(stage.join("inline.ts"), text)?;
    thread_program(&stage)
}

/// Writes the JavaScript and the module, unless an export of the module returns a reference: Node.js 20 and 22 can end at a
/// call of such a function; see `Returned` in `crates/auth101-js/src/boundary.rs`.
pub(crate) fn generate(bindgen: &mut Bindgen, directory: &Path) -> Result<()> {
    let mut output = bindgen.generate_output().context("wasm-bindgen could not read what the compiler made")?;
    let module = output.wasm();
    for export in module.exports.iter() {
        let ExportItem::Function(function) = export.item else { continue };
        let results = module.types.get(module.funcs.get(function).ty()).results();
        ensure!(
            !matches!(results, [ValType::Ref(_)]),
            "the export `{}` returns a reference, at which Node.js 20 and 22 can crash: let it return a `Result`",
            export.name
        );
    }
    output.emit(directory).with_context(|| format!("cannot write to {}", directory.display()))
}

/// Makes one text of the program of the threads that hash.
fn thread_program(stage: &Path) -> Result<()> {
    let bundled = stage.join("thread.bundle");
    let mut esbuild = javascript("esbuild")?;
    esbuild.arg(in_root("js/src/hash/thread.ts")).arg(format!("--outfile={}", bundled.display()));
    esbuild.args(["--bundle", "--minify", "--format=cjs", "--platform=node", "--target=es2022", "--log-level=warning"]);
    run(&mut esbuild)?;
    let program = serde_json::to_string(&fs::read_to_string(&bundled)?)?;
    fs::write(
        stage.join("thread.ts"),
        format!("/** See `js/src/hash/thread.ts`. */\nexport const program: string =\n  {program};\n"),
    )?;
    fs::remove_file(bundled)?;
    Ok(())
}

fn transpile() -> Result<()> {
    say("Compiling the TypeScript");
    let stage = in_root(STAGE);
    make_directory_anew(&stage)?;
    let mut files = Vec::new();
    sources(&in_root("js/src"), &mut files)?;
    files.sort();
    // Which of the two a file is stands in the nearest package.json.
    for (format, kind) in [("esm", "module"), ("cjs", "commonjs")] {
        let output = stage.join(format);
        let mut esbuild = javascript("esbuild")?;
        esbuild.args(&files).arg(format!("--outdir={}", output.display())).arg(format!("--format={format}"));
        esbuild.arg(format!("--outbase={}", in_root("js/src").display()));
        esbuild.args(["--target=es2022", "--sourcemap", "--sources-content=true", "--log-level=warning"]);
        run(&mut esbuild)?;
        let mut tsc = javascript("tsc")?;
        tsc.args(["--project", "js/tsconfig.build.json", "--outDir"]).arg(&output);
        run(&mut tsc).context("the TypeScript does not check")?;
        for generated in ["inline", "thread"] {
            remove_map(&output.join("wasm"), generated)?;
        }
        fs::write(output.join("package.json"), format!("{{ \"type\": \"{kind}\" }}\n"))?;
    }
    fs::copy(in_root(GENERATED).join("auth101_bg.wasm"), stage.join("auth101_bg.wasm"))?;
    replace_directory(&stage, &in_root(OUTPUT))
}

/// Removes the source map of a file that was generated as one long text: the map says nothing, and is longer.
fn remove_map(directory: &Path, name: &str) -> Result<()> {
    let file = directory.join(format!("{name}.js"));
    fs::remove_file(directory.join(format!("{name}.js.map"))).context("a source map is missing")?;
    let text = fs::read_to_string(&file)?;
    // The last line. The text itself is the bundle of the threads, which names no map.
    let (code, _) = text.rsplit_once("//# sourceMappingURL=").context("esbuild's output has changed: no source map")?;
    Ok(fs::write(&file, code)?)
}

/// The TypeScript and JavaScript files under a directory; declarations are none.
fn sources(directory: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(directory).with_context(|| format!("cannot read {}", directory.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            sources(&path, files)?;
        } else if path.to_string_lossy().ends_with(".ts") && !path.to_string_lossy().ends_with(".d.ts")
            || path.extension().is_some_and(|extension| extension == "js")
        {
            files.push(path);
        }
    }
    Ok(())
}
