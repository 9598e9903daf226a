package emulator

// serveBatch answers POST /{version}/$batch.
func (e *Emulator) serveBatch(c *call) (answer, error) {
	return answer{}, errRequest("not yet")
}
