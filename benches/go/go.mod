module gort/benches

go 1.27
