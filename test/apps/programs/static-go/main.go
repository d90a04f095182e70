// The promises of a hosted program in Go's standard library, WebSocket included.
package main

import (
	"bufio"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"path"
	"path/filepath"
	"syscall"
	"time"
)

var mark = filepath.Join(os.TempDir(), "released")

func main() {
	server := &http.Server{Addr: "127.0.0.1:" + os.Getenv("PORT"), Handler: http.HandlerFunc(handle)}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		<-stop
		server.Shutdown(context.Background())
		close(done)
	}()
	if err := server.ListenAndServe(); err != http.ErrServerClosed {
		log.Fatal(err)
	}
	<-done
}

func handle(w http.ResponseWriter, r *http.Request) {
	switch path.Base(r.URL.Path) {
	case "who":
		fmt.Fprintf(w, "pid %d\npath %s\nclient %s\nscheme %s", os.Getpid(), r.RequestURI,
			r.Header.Get("X-Forwarded-For"), r.Header.Get("X-Forwarded-Proto"))
	case "echo":
		w.Header().Set("Content-Type", r.Header.Get("Content-Type"))
		io.Copy(w, r.Body)
	case "stream":
		io.WriteString(w, "one\n")
		w.(http.Flusher).Flush()
		for released := false; !released; {
			time.Sleep(20 * time.Millisecond)
			_, err := os.Stat(mark)
			released = err == nil
		}
		io.WriteString(w, "two\n")
	case "release":
		os.WriteFile(mark, nil, 0o600)
		io.WriteString(w, "released")
	case "ws":
		webSocket(w, r)
	default:
		http.NotFound(w, r)
	}
}

// Echoes short frames, which is all that the test sends.
func webSocket(w http.ResponseWriter, r *http.Request) {
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	connection, stream, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer connection.Close()
	fmt.Fprintf(stream, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Accept: %s\r\n\r\n", base64.StdEncoding.EncodeToString(sum[:]))
	stream.Flush()
	for echo(stream) {
	}
}

func echo(stream *bufio.ReadWriter) bool {
	frame := make([]byte, 6)
	if _, err := io.ReadFull(stream, frame); err != nil {
		return false
	}
	length := int(frame[1] & 0x7f)
	payload := make([]byte, length)
	if _, err := io.ReadFull(stream, payload); err != nil || length > 125 {
		return false
	}
	for i := range payload {
		payload[i] ^= frame[2+i%4]
	}
	stream.Write([]byte{frame[0], byte(length)})
	stream.Write(payload)
	stream.Flush()
	return frame[0]&0x0f != 8
}
