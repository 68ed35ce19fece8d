// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

/// A plain ERC-20 token for tests. Its symbol is hostile on purpose.
contract Token {
    string public constant name = unicode"Test\u202Enekot\u200B Token";
    string public constant symbol = unicode"T\u0000S\u202ET";
    uint8 public constant decimals = 6;
    uint256 public totalSupply;
    mapping(address => uint256) public balanceOf;

    event Transfer(address indexed from, address indexed to, uint256 value);

    function mint(address to, uint256 value) external {
        totalSupply += value;
        balanceOf[to] += value;
        emit Transfer(address(0), to, value);
    }

    function burn(uint256 value) external {
        balanceOf[msg.sender] -= value;
        totalSupply -= value;
        emit Transfer(msg.sender, address(0), value);
    }

    function transfer(address to, uint256 value) external returns (bool) {
        balanceOf[msg.sender] -= value;
        balanceOf[to] += value;
        emit Transfer(msg.sender, to, value);
        return true;
    }
}

/// A wrapper of the chain's own coin, with the events of WETH9.
contract Wrapper {
    bytes32 public constant symbol = "WTEST";
    mapping(address => uint256) public balanceOf;

    event Deposit(address indexed dst, uint256 wad);
    event Withdrawal(address indexed src, uint256 wad);
    event Transfer(address indexed from, address indexed to, uint256 value);

    receive() external payable {
        balanceOf[msg.sender] += msg.value;
        emit Deposit(msg.sender, msg.value);
    }

    function withdraw(uint256 wad) external {
        balanceOf[msg.sender] -= wad;
        emit Withdrawal(msg.sender, wad);
        payable(msg.sender).transfer(wad);
    }
}

/// Items by ERC-721's and ERC-1155's events, without their rules.
contract Items {
    event Transfer(address indexed from, address indexed to, uint256 indexed id);
    event TransferSingle(address indexed operator, address indexed from, address indexed to, uint256 id, uint256 value);
    event TransferBatch(address indexed operator, address indexed from, address indexed to, uint256[] ids, uint256[] values);

    function give(address to, uint256 id) external {
        emit Transfer(msg.sender, to, id);
        emit TransferSingle(msg.sender, address(0), to, id, 3);
        uint256[] memory ids = new uint256[](3);
        uint256[] memory values = new uint256[](3);
        for (uint256 i = 0; i < 3; i++) {
            ids[i] = id + i;
            values[i] = 10 * (i + 1);
        }
        emit TransferBatch(msg.sender, msg.sender, to, ids, values);
    }
}
