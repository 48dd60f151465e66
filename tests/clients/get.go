// SPDX-License-Identifier: GPL-2.0-or-later

// get URL: asks, and prints the answer.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
)

func get(url string) error {
	response, err := http.Get(url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.Copy(os.Stdout, response.Body)
	return err
}

func main() {
	if err := get(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
