//! The soname, and calls inside the library that cannot be redirected from outside it.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libgort.so.0");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-Bsymbolic");
}
