package ingest

// The datasets of cryo (Paradigm), as it writes them: Parquet, CSV or JSON. They are read
// as ethereum-etl's tables are, which tell the same under other names. Amounts of 256 bits
// stand in a column for each of its --u256-types.

var cryoBlocks = format{
	name: "cryo blocks", order: 1, evm: true, row: (*file).blockRow,
	columns: []column{
		blocksNumber:      {name: "block_number", need: true},
		blocksTime:        {name: "timestamp", need: true},
		blocksMiner:       {name: "author", need: true},
		blocksBase:        {name: "base_fee_per_gas"},
		blocksWithdrawals: {},
	},
}

var cryoTransactions = format{
	name: "cryo transactions", order: 3, evm: true, row: (*file).transactionRow,
	columns: []column{
		txsHash:     {name: "transaction_hash", need: true},
		txsBlock:    {name: "block_number", need: true},
		txsFrom:     {name: "from_address", need: true},
		txsTo:       {name: "to_address", need: true},
		txsValue:    {name: "value", need: true, wide: true},
		txsPlace:    {name: "transaction_index"},
		txsNonce:    {name: "nonce", need: true},
		txsGas:      {name: "gas_limit", need: true},
		txsGasPrice: {name: "gas_price"},
		txsTime:     {name: "timestamp"},
		txsGasUsed:  {name: "gas_used"},
		txsStatus:   {name: "success"},
		txsLayerFee: {},
	},
}

var cryoLogs = format{
	name: "cryo logs", order: 4, evm: true, row: (*file).logRow,
	columns: []column{
		logsIndex:    {name: "log_index", need: true},
		logsTx:       {name: "transaction_hash", need: true},
		logsContract: {name: "address", also: "contract_address", need: true},
		logsData:     {name: "data", need: true},
		logsBlock:    {name: "block_number", need: true},
		logsTime:     {name: "timestamp"},
		logsPlace:    {name: "transaction_index"},
		logsTopic0:   {name: "topic0", need: true},
		logsTopic1:   {name: "topic1", need: true},
		logsTopic2:   {name: "topic2", need: true},
		logsTopic3:   {name: "topic3", need: true},
	},
}

var cryoTokenTransfers = format{
	name: "cryo erc20_transfers", order: 5, evm: true, row: (*file).tokenRow,
	columns: []column{
		tokensToken: {name: "erc20", need: true},
		tokensFrom:  {name: "from_address", need: true},
		tokensTo:    {name: "to_address", need: true},
		tokensValue: {name: "value", need: true, wide: true},
		tokensTx:    {name: "transaction_hash", need: true},
		tokensLog:   {name: "log_index", need: true},
		tokensBlock: {name: "block_number", need: true},
		tokensTime:  {name: "timestamp"},
		tokensPlace: {name: "transaction_index"},
		tokensItem:  {},
	},
}

// An item's number is no amount: each transfer moves one.
var cryoItemTransfers = format{
	name: "cryo erc721_transfers", order: 4, evm: true, row: (*file).tokenRow,
	columns: []column{
		tokensToken: {name: "erc721", also: "erc20", need: true},
		tokensFrom:  {name: "from_address", need: true},
		tokensTo:    {name: "to_address", need: true},
		tokensTx:    {name: "transaction_hash", need: true},
		tokensLog:   {name: "log_index", need: true},
		tokensBlock: {name: "block_number", need: true},
		tokensTime:  {name: "timestamp"},
		tokensPlace: {name: "transaction_index"},
		tokensItem:  {name: "token_id", also: "token_id_f64 token_id_f32 token_id_u64 token_id_u32", need: true, wide: true},
	},
}

var cryoTraces = format{
	name: "cryo traces", order: 5, evm: true, row: (*file).traceRow,
	columns: []column{
		tracesTx:         {name: "transaction_hash", need: true},
		tracesBlock:      {name: "block_number", need: true},
		tracesFrom:       {name: "action_from", need: true},
		tracesTo:         {name: "action_to", need: true},
		tracesValue:      {name: "action_value", need: true},
		tracesType:       {name: "action_type", need: true},
		tracesAddress:    {name: "trace_address", need: true},
		tracesCallType:   {name: "action_call_type", need: true},
		tracesRewardType: {name: "action_reward_type"},
		tracesSubtraces:  {name: "subtraces"},
		tracesError:      {name: "error", need: true},
		tracesPlace:      {name: "transaction_index"},
		tracesTime:       {name: "timestamp"},
		tracesResult:     {name: "result_address"},
	},
}

// cryo's native_transfers come of traces, and no longer say which of them are calls of
// foreign code, whose value is only quoted, or failed.
var cryoNativeTransfers = format{
	name: "cryo native_transfers", evm: true,
	refuse: "its rows do not tell calls that moved value from delegated and failed ones, which moved none: export cryo's traces instead",
	columns: []column{
		{name: "transfer_index", need: true},
		{name: "transaction_hash", need: true},
		{name: "from_address", need: true},
		{name: "to_address", need: true},
		{name: "value", need: true, wide: true},
	},
}
