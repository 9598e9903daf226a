package emulator

import (
	"maps"
	"net/http"
	"strconv"
)

// diagnostics is what Graph's gateway says of itself.
const diagnostics = `{"ServerInfo":{"DataCenter":"Localhost","Slice":"E","Ring":"0","ScaleUnit":"000","RoleInstance":"EMULATOR"}}`

// send writes the answer, or as much of it as a fault lets through.
func (c *call) send(w http.ResponseWriter, a answer) {
	body, media := a.bytes(), a.media()
	if a.sent == sentNothing || (a.sent == sentHalf && len(body) == 0) {
		panic(http.ErrAbortHandler) // the connection, or the HTTP/2 stream, ends here
	}
	h := w.Header()
	maps.Copy(h, a.header)
	if media != "" && h.Get("Content-Type") == "" {
		h.Set("Content-Type", media)
	}
	h.Set("Date", c.clock.UTC().Format(http.TimeFormat))
	h.Set("Cache-Control", "no-cache")
	h.Set("Strict-Transport-Security", "max-age=31536000")
	if isGraph(c.path) {
		h.Set("request-id", c.requestID)
		h.Set("client-request-id", c.clientID)
		h.Set("x-ms-ags-diagnostic", diagnostics)
		if c.token != nil {
			h.Set("OData-Version", "4.0")
		}
		if c.used > 0.8 && c.showsUsage() {
			h.Set("x-ms-throttle-limit-percentage", strconv.FormatFloat(c.used, 'f', 2, 64))
		}
	} else {
		h.Set("x-ms-request-id", c.requestID)
	}
	if a.status != http.StatusNoContent {
		h.Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(a.status)
	if c.method == http.MethodHead {
		return
	}
	if a.sent == sentHalf {
		_, _ = w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(body) // the caller may be gone
}
