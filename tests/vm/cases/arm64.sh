#vm: arch aarch64
