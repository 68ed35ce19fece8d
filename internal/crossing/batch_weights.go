package crossing

// tuned are the weights that a logistic regression gives on the odd ones of the Ronin
// case's known batches; TestWeights makes them anew. The order is that of the features.
var tuned = weights{
	structure: features{-1.146, -1.902, -2.379, 0.180, -1.443, 2.139, -2.214, -1.548, -0.810},
	habits:    features{-1.407, -2.167, -2.301, 0.403, -0.001, -0.822, -0.188, -1.703, -1.374, 0.349, 0.182, 0.352, 0.805, 2.708},
}
