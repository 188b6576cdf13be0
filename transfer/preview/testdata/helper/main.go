// A program that can be a helper for previews and nothing else: tests measure it.
package main

import (
	"os"

	_ "satchel/transfer/preview"
)

func main() { os.Exit(3) }
