//! The soname, and calls inside the library that cannot be redirected from outside it.

/// The ABI number: the first of the library's own version, which cargo-c reads in the same place.
fn abi(manifest: &str) -> Option<&str> {
    let library = manifest.split_once("[package.metadata.capi.library]")?.1;
    library.split_once("\nversion = \"")?.1.split('.').next()
}

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=Cargo.toml");
    println!("cargo:rerun-if-changed=../scripts/cc");
    let manifest = std::fs::read_to_string("Cargo.toml").expect("cargo runs this beside Cargo.toml");
    let abi = abi(&manifest).expect("Cargo.toml has the library's version");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libgort.so.{abi}");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-Bsymbolic");
}
