#!/bin/sh
# The core for iPhones and the simulator, as bindings/swift/SoKhoeCoreFFI.xcframework. Needs a Mac with Xcode and
# the Rust targets below (`rustup target add`).
set -eu
cd "$(dirname "$0")/.."

cargo xtask bindings

export IPHONEOS_DEPLOYMENT_TARGET=17.0
for target in aarch64-apple-ios aarch64-apple-ios-sim x86_64-apple-ios; do
    cargo build --locked --package sokhoe-ffi --profile release-mobile --target "$target"
done

built=target/ios
rm -rf "$built" bindings/swift/SoKhoeCoreFFI.xcframework
mkdir -p "$built/headers/SoKhoeCoreFFI" "$built/simulator"
cp bindings/swift/Sources/SoKhoeCoreFFI/include/* "$built/headers/SoKhoeCoreFFI/"
lipo -create -output "$built/simulator/libsokhoe_ffi.a" \
    target/aarch64-apple-ios-sim/release-mobile/libsokhoe_ffi.a \
    target/x86_64-apple-ios/release-mobile/libsokhoe_ffi.a
xcodebuild -create-xcframework \
    -library target/aarch64-apple-ios/release-mobile/libsokhoe_ffi.a -headers "$built/headers" \
    -library "$built/simulator/libsokhoe_ffi.a" -headers "$built/headers" \
    -output bindings/swift/SoKhoeCoreFFI.xcframework
