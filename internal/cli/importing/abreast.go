package importing

import (
	"errors"
	"runtime"

	"github.com/entraops/phone-operator/internal/cli/sheet"
)

// event is one thing that was found while rows were read: exactly one of its fields is set.
type event struct {
	row     bool // one begins
	empty   bool
	finding *Finding
	phone   Phone
}

// rowsAtOnce is how many rows are read by one goroutine before it says what it found.
const rowsAtOnce = 128

var errStopped = errors.New("stopped")

// readAll reads all rows, on all processors, and hands out what was found in the order of the rows. An error of do ends it.
func (i Import) readAll(do func(event) error) error {
	queue := make(chan (<-chan []event), 2*runtime.GOMAXPROCS(0))
	stop := make(chan struct{})
	var failed error // of the rows; to be read when queue is closed
	go func() {
		defer close(queue)
		failed = i.hand(queue, stop)
	}()
	var err error
	for found := range queue {
		for _, e := range <-found {
			if err == nil {
				if err = do(e); err != nil {
					close(stop)
				}
			}
		}
	}
	if err != nil {
		return err
	}
	return failed
}

// hand has the rows read by goroutines, and queues their answers.
func (i Import) hand(queue chan<- (<-chan []event), stop <-chan struct{}) error {
	r := reader{i.Columns, i.DefaultRegion, i.Accepted}
	var rows []sheet.Row
	send := func() error {
		found, mine := make(chan []event, 1), rows
		rows = nil
		select {
		case queue <- found:
			go func() { found <- r.readRows(mine) }()
			return nil
		case <-stop:
			return errStopped
		}
	}
	err := i.Rows(func(row sheet.Row) error {
		if rows = append(rows, row); len(rows) == rowsAtOnce {
			return send()
		}
		return nil
	})
	if err != nil {
		return err
	}
	return send()
}

func (r reader) readRows(rows []sheet.Row) (all []event) {
	for _, row := range rows {
		all = append(all, event{row: true})
		r.read(row,
			func(p Phone) { all = append(all, event{phone: p}) },
			func(f Finding) { all = append(all, event{finding: &f}) },
			func() { all = append(all, event{empty: true}) })
	}
	return all
}
