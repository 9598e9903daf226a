package v1alpha1

// AdoptionPolicy says what to do when Graph already has a phone of this type.
//
// +kubebuilder:validation:Enum=IfNumberMatches;Always;Never
type AdoptionPolicy string

// The adoption policies.
const (
	// AdoptIfNumberMatches takes the phone over if it has this number; another
	// number is left alone and reported as AlreadyExists.
	AdoptIfNumberMatches AdoptionPolicy = "IfNumberMatches"
	// AdoptAlways takes the phone over and replaces another number.
	AdoptAlways AdoptionPolicy = "Always"
	// AdoptNever reports AlreadyExists, whatever the number.
	AdoptNever AdoptionPolicy = "Never"
)

// DriftPolicy says what to do when Graph no longer holds what spec says.
//
// +kubebuilder:validation:Enum=Correct;Report
type DriftPolicy string

// The drift policies.
const (
	// DriftCorrect writes spec to Graph again.
	DriftCorrect DriftPolicy = "Correct"
	// DriftReport writes nothing and says DriftDetected.
	DriftReport DriftPolicy = "Report"
)

// DeletionPolicy says what becomes of the phone when the resource is deleted.
//
// +kubebuilder:validation:Enum=Delete;Orphan
type DeletionPolicy string

// The deletion policies.
const (
	// DeletionDelete deletes the phone in Graph, if this operator made or adopted it.
	DeletionDelete DeletionPolicy = "Delete"
	// DeletionOrphan leaves the phone in Graph.
	DeletionOrphan DeletionPolicy = "Orphan"
)
