// Package recording keeps in a file what a plan reads of a cluster and of Graph, so that it can be made where neither can
// be reached, such as in a pull request's pipeline that has no credential.
//
// A Writer writes it while questions are asked. A Recording answers the same questions: Client stands for the API server
// and judges manifests by the schemas of its CustomResourceDefinitions, and Transport stands for a tenant's Graph. What was
// not asked when it was written is NotRecorded, never made up.
//
// The file holds phone numbers, and names of people: it is for its owner, as the credential is.
package recording
