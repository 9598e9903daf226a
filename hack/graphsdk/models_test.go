package graphsdk_test

import (
	abs "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoft/kiota-abstractions-go/serialization"
)

// phone is a phone method as the generated model reads and writes it: with its OData
// type, and with what is nil left out.
type phone struct{ id, number, kind, state *string }

func newPhone(serialization.ParseNode) (serialization.Parsable, error) { return &phone{}, nil }

func (p *phone) Serialize(w serialization.SerializationWriter) error {
	odataType := "#microsoft.graph.phoneAuthenticationMethod"
	for name, value := range map[string]*string{
		"@odata.type": &odataType, "id": p.id, "phoneNumber": p.number, "phoneType": p.kind, "smsSignInState": p.state,
	} {
		if err := w.WriteStringValue(name, value); err != nil {
			return err
		}
	}
	return nil
}

func (p *phone) GetFieldDeserializers() map[string]func(serialization.ParseNode) error {
	return map[string]func(serialization.ParseNode) error{
		"id": text(&p.id), "phoneNumber": text(&p.number), "phoneType": text(&p.kind), "smsSignInState": text(&p.state),
	}
}

func text(into **string) func(serialization.ParseNode) error {
	return func(n serialization.ParseNode) (err error) {
		*into, err = n.GetStringValue()
		return err
	}
}

// list is a collection response.
type list struct{ value []*phone }

func newList(serialization.ParseNode) (serialization.Parsable, error) { return &list{}, nil }

func (*list) Serialize(serialization.SerializationWriter) error { return nil }

func (l *list) GetFieldDeserializers() map[string]func(serialization.ParseNode) error {
	return map[string]func(serialization.ParseNode) error{"value": func(n serialization.ParseNode) error {
		rows, err := n.GetCollectionOfObjectValues(newPhone)
		for _, row := range rows {
			l.value = append(l.value, row.(*phone))
		}
		return err
	}}
}

// odataError is the error model.
type odataError struct {
	abs.ApiError
	code, message *string
}

func newError(serialization.ParseNode) (serialization.Parsable, error) { return &odataError{}, nil }

func (e *odataError) Error() string { return deref(e.code) + ": " + deref(e.message) }

func (*odataError) Serialize(serialization.SerializationWriter) error { return nil }

func (e *odataError) GetFieldDeserializers() map[string]func(serialization.ParseNode) error {
	return map[string]func(serialization.ParseNode) error{"error": func(n serialization.ParseNode) error {
		_, err := n.GetObjectValue(func(serialization.ParseNode) (serialization.Parsable, error) { return mainError{e}, nil })
		return err
	}}
}

type mainError struct{ of *odataError }

func (mainError) Serialize(serialization.SerializationWriter) error { return nil }

func (m mainError) GetFieldDeserializers() map[string]func(serialization.ParseNode) error {
	return map[string]func(serialization.ParseNode) error{"code": text(&m.of.code), "message": text(&m.of.message)}
}

var failures = abs.ErrorMappings{"XXX": newError}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
