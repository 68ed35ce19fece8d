package crossing

// tuned are the weights that the fit on the tuned batches gives.
var tuned = weights{}
