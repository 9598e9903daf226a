package emulator

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// steps reads the envelope. Whatever is wrong with it refuses the whole batch.
func (c *call) steps() ([]step, error) {
	if err := c.declaresJSON(); err != nil {
		return nil, err
	}
	object, err := parseObject(c.body)
	var raw []json.RawMessage
	if err != nil || len(object) != 1 || json.Unmarshal(object["requests"], &raw) != nil || len(raw) == 0 {
		return nil, errBatch("Invalid batch payload format.")
	}
	steps := make([]step, len(raw))
	for i := range raw {
		if err := steps[i].read(raw[i]); err != nil {
			return nil, err
		}
	}
	if len(steps) > maxBatch {
		return nil, errLongBatch()
	}
	known := map[string]bool{}
	for _, s := range steps {
		if s.ID == "" || s.Method == "" || s.URL == "" {
			return nil, errBatch("A request of the batch lacks its id, method or url.")
		}
		if known[s.name()] {
			return nil, errBatch("Request ids of a batch must be unique.")
		}
		known[s.name()] = true
	}
	for _, s := range steps {
		if err := s.check(); err != nil {
			return nil, err
		}
	}
	return steps, sequence(steps)
}

// read takes a step apart. Its names have a case, and there are no others.
func (s *step) read(raw json.RawMessage) error {
	object, err := parseObject(raw)
	if err != nil || json.Unmarshal(raw, s) != nil {
		return errBatch("Invalid batch payload format.")
	}
	for name := range object {
		if !slices.Contains([]string{"id", "method", "url", "headers", "body", "dependsOn"}, name) {
			return errBatch("A request of the batch has a property that is not known.")
		}
	}
	return nil
}

// check refuses what makes a step, and with it the batch, malformed. A write
// without a body is malformed even where the operation takes none.
func (s step) check() error {
	hasType := false
	for name := range s.Headers {
		hasType = hasType || strings.EqualFold(name, "Content-Type")
	}
	isWrite := !strings.EqualFold(s.Method, http.MethodGet) && !strings.EqualFold(s.Method, http.MethodDelete)
	hasBody := len(s.Body) > 0 && string(s.Body) != "null"
	if (isWrite && !hasBody) || ((isWrite || hasBody) && !hasType) {
		return errBatchWrite(s.ID)
	}
	return nil
}

// sequence refuses dependencies that Graph does not follow: on what does not come
// before, and of some requests while others have none. Whether each must depend on the one
// before it, or on any earlier one, is not known: here each must.
func sequence(steps []step) error {
	depending, chained := 0, 0
	for i, s := range steps {
		for _, id := range s.DependsOn {
			if !slices.ContainsFunc(steps[:i], func(earlier step) bool { return strings.EqualFold(earlier.ID, id) }) {
				return errBatchDependency(s.ID)
			}
		}
		if len(s.DependsOn) > 0 {
			depending++
		}
		if i > 0 && s.dependsOn(steps[i-1]) {
			chained++
		}
	}
	if depending > 0 && chained < len(steps)-1 {
		return errMixedBatch()
	}
	return nil
}

func (s step) dependsOn(other step) bool {
	return slices.ContainsFunc(s.DependsOn, func(id string) bool { return strings.EqualFold(id, other.ID) })
}

// orderOf gives the order in which a batch runs: as it is written, if it is a sequence.
func (e *Emulator) orderOf(steps []step) []int {
	order := e.shuffled(len(steps))
	if slices.ContainsFunc(steps, func(s step) bool { return len(s.DependsOn) > 0 }) {
		slices.Sort(order)
	}
	return order
}
