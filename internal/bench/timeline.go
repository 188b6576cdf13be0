package main

import "context"

func timeline(ctx context.Context, dir string) error { return nil }
