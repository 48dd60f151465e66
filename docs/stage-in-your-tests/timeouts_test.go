// Whether this client bears servers that do not behave; halfopen holds them in a state.
package client

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// stage(t, "silent"), stage(t, "reset", "--first", "1"): the URL of such a server, for one test.
func stage(t *testing.T, state ...string) string {
	t.Helper()
	words := append(append([]string{"stage"}, state...), "--listen", "127.0.0.1:0")
	command := exec.Command("halfopen", words...)
	input, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(output)
	// "listening on 127.0.0.1:40123: silent"
	words = append(strings.Fields(must(lines.ReadString('\n'))), "", "", "")
	t.Cleanup(func() {
		input.Close() // it ends
		t.Log(must(io.ReadAll(lines)))
		if err := command.Wait(); err != nil {
			t.Error("the server was not in that state all the time: ", err)
		}
	})
	return "http://" + strings.TrimSuffix(words[2], ":") + "/"
}

func must[S string | []byte](read S, _ error) string { return string(read) }

// The client that is tested: yours.
var client = http.Client{
	Timeout:   time.Second,
	Transport: &http.Transport{DisableKeepAlives: true},
}

func TestClientGivesUp(t *testing.T) {
	for _, state := range []string{"silent", "unaccepted", "dropped", "slow=1/10s"} {
		t.Run(state, func(t *testing.T) {
			response, err := client.Get(stage(t, state))
			if err == nil {
				_, err = io.ReadAll(response.Body)
			}
			var timeout net.Error
			if !errors.As(err, &timeout) || !timeout.Timeout() {
				t.Errorf("no timeout: %v", err)
			}
		})
	}
}

func TestClientIsToldThatNobodyListens(t *testing.T) {
	if _, err := client.Get(stage(t, "refused")); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("it was not refused: %v", err)
	}
}
