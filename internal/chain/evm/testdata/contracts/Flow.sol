// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

/// Passes on what it is paid: by plain calls, by calls that fail within one that succeeds,
/// and by code run in its own name.
contract Forwarder {
    /// In equal parts, one internal transfer each; what division leaves stays.
    function split(address payable[] calldata to) external payable {
        for (uint256 i = 0; i < to.length; i++) {
            (bool ok, ) = to[i].call{value: msg.value / to.length}("");
            require(ok, "refused");
        }
    }

    /// A payment on a path of which the second half is undone: only the first half moves.
    function halves(address payable to) external payable {
        (bool ok, ) = to.call{value: msg.value / 2}("");
        require(ok, "refused");
        try this.undone{value: msg.value / 2}(to) {
            revert("it was not undone");
        } catch {}
        this.nested(to, msg.value / 4);
    }

    function undone(address payable to) external payable {
        (bool ok, ) = to.call{value: msg.value}("");
        require(ok, "refused");
        revert("undone");
    }

    function nested(address payable to, uint256 value) external {
        (bool ok, ) = to.call{value: value}("");
        require(ok, "refused");
    }

    /// Moves, then fails as a whole.
    function fail(address payable to) external payable {
        (bool ok, ) = to.call{value: msg.value}("");
        require(ok && msg.value == type(uint256).max, "as it should");
    }

    /// Runs split's code by delegatecall: its value is quoted, and moves only once.
    function delegated(address library_, address payable[] calldata to) external payable {
        (bool ok, ) = library_.delegatecall(abi.encodeCall(this.split, (to)));
        require(ok, "refused");
    }

    receive() external payable {}
}

/// A pool of equal notes, as a mixer's, without any cryptography: whoever names a note that
/// was paid in, and not out, takes it.
contract Pool {
    uint256 public immutable note;
    mapping(bytes32 => uint8) public notes; // 1: paid in, 2: paid out

    event Deposit(bytes32 indexed commitment, uint32 leafIndex, uint256 timestamp);
    event Withdrawal(address to, bytes32 nullifierHash, address indexed relayer, uint256 fee);

    uint32 next;

    constructor(uint256 n) payable {
        note = n;
    }

    function deposit(bytes32 commitment) external payable {
        require(msg.value == note && notes[commitment] == 0, "one note, once");
        notes[commitment] = 1;
        emit Deposit(commitment, next++, block.timestamp);
    }

    function withdraw(bytes32 commitment, address payable to, address payable relayer, uint256 fee) external {
        require(notes[commitment] == 1, "no such note");
        notes[commitment] = 2;
        (bool ok, ) = to.call{value: note - fee}("");
        require(ok, "refused");
        if (fee > 0) {
            (ok, ) = relayer.call{value: fee}("");
            require(ok, "refused");
        }
        emit Withdrawal(to, commitment, relayer, fee);
    }
}

/// Destroys itself for the good of another, or of nobody.
contract Mortal {
    constructor() payable {}

    function end(address payable heir) external {
        selfdestruct(heir);
    }

    function endForNobody() external {
        selfdestruct(payable(address(this)));
    }

    receive() external payable {}
}

/// Makes contracts and destroys them within one transaction.
contract Maker {
    function makeAndEnd(address payable heir) external payable {
        Mortal m = new Mortal{value: msg.value}();
        m.end(heir);
    }

    function makeAndBurn() external payable {
        Mortal m = new Mortal{value: msg.value, salt: bytes32(block.number)}();
        m.endForNobody();
    }

    function make() external payable returns (address) {
        return address(new Mortal{value: msg.value}());
    }
}
