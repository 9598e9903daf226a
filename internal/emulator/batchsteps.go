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
		return nil, errBatch("Number of batch request steps exceeds the maximum value of 20.")
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
		if err := s.check(known); err != nil {
			return nil, err
		}
	}
	return steps, nil
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
func (s step) check(known map[string]bool) error {
	hasType := false
	for name := range s.Headers {
		hasType = hasType || strings.EqualFold(name, "Content-Type")
	}
	isWrite := !strings.EqualFold(s.Method, http.MethodGet) && !strings.EqualFold(s.Method, http.MethodDelete)
	hasBody := len(s.Body) > 0 && string(s.Body) != "null"
	if (isWrite && !hasBody) || ((isWrite || hasBody) && !hasType) {
		return errBatchWrite(s.ID)
	}
	for _, id := range s.DependsOn {
		if !known[strings.ToLower(id)] {
			return errBatch("A request of the batch depends on one that is not there.")
		}
	}
	return nil
}

// dependencyOrder gives the steps so that each comes after those it depends on and
// otherwise as preferred; nil where dependencies form a circle.
func dependencyOrder(steps []step, preferred []int) []int {
	done := map[string]bool{}
	var order []int
	for len(order) < len(steps) {
		before := len(order)
		for _, i := range preferred {
			if !done[steps[i].name()] && steps[i].isReady(done) {
				done[steps[i].name()] = true
				order = append(order, i)
			}
		}
		if len(order) == before {
			return nil
		}
	}
	return order
}

func (s step) isReady(done map[string]bool) bool {
	for _, id := range s.DependsOn {
		if !done[strings.ToLower(id)] {
			return false
		}
	}
	return true
}
