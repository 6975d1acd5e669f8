#if canImport(Darwin)
    import Darwin
#endif

/// A name of the device's present start, another one after each; `nil` where the core finds one itself.
///
/// By it and the time since then the core measures for how long a helper's book may be shown without the clinic:
/// setting the clock changes neither.
func deviceStart() -> String? {
    #if canImport(Darwin)
        var size = 0
        guard sysctlbyname("kern.bootsessionuuid", nil, &size, nil, 0) == 0, size > 1 else { return nil }
        var name = [CChar](repeating: 0, count: size)
        guard sysctlbyname("kern.bootsessionuuid", &name, &size, nil, 0) == 0 else { return nil }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    #else
        return nil
    #endif
}
