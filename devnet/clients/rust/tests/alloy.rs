//! alloy: providers over HTTP and WebSocket.

use alloy::{
    eips::BlockNumberOrTag,
    network::TransactionBuilder,
    primitives::{Address, B256, Bytes, U256, address, utils::parse_ether},
    providers::{Provider, ProviderBuilder, WalletProvider, ext::AnvilApi},
    rpc::types::TransactionRequest,
    signers::local::PrivateKeySigner,
    sol,
};
use devnet_clients::{ARB_WASM, Devnet, actor_init_code};
use futures_util::StreamExt as _;

sol!(
    #[sol(rpc)]
    #[derive(Debug, PartialEq)]
    Token,
    "../../tests/solidity/Token.json"
);
sol!(
    #[sol(rpc)]
    #[derive(Debug, PartialEq)]
    Partner,
    "../../tests/solidity/Partner.json"
);
sol! {
    #[sol(rpc)]
    interface IArbWasm {
        event ProgramActivated(bytes32 indexed codehash, bytes32 moduleHash, address program, uint256 dataFee, uint16 version);
        function activateProgram(address program) external payable returns (uint16 version, uint256 dataFee);
    }
}

const BOB: Address = address!("70997970C51812dc3A010C7d01b50e0d17dc79C8");
const STORE: u8 = 0;
const LOAD: u8 = 1;
const CALL: u8 = 2;

async fn connect(url: &str, devnet: &Devnet) -> impl Provider + WalletProvider + Clone + use<> {
    let signer: PrivateKeySigner = devnet.keys[0].parse().unwrap();
    ProviderBuilder::new()
        .wallet(signer)
        .connect(url)
        .await
        .unwrap()
}

async fn deploy_token<P: Provider + WalletProvider>(provider: &P) -> Token::TokenInstance<&P> {
    let owner = provider.default_signer_address();
    Token::deploy(provider, "Try".into(), owner, U256::from(1_000))
        .await
        .unwrap()
}

#[tokio::test]
async fn deploys_sends_and_finds_events() {
    let devnet = Devnet::start();
    let provider = connect(&devnet.url, &devnet).await;
    assert_eq!(provider.get_chain_id().await.unwrap(), devnet.chain_id);
    let alice = provider.default_signer_address();
    let token = deploy_token(&provider).await;
    assert_eq!(token.name().call().await.unwrap(), "Try");

    let receipt = token
        .transfer(BOB, U256::from(300))
        .send()
        .await
        .unwrap()
        .get_receipt()
        .await
        .unwrap();
    assert!(receipt.status());
    assert_eq!(
        receipt.decoded_log::<Token::Transfer>().unwrap().data,
        Token::Transfer {
            from: alice,
            to: BOB,
            value: U256::from(300)
        }
    );
    let latest = provider
        .get_block_by_number(BlockNumberOrTag::Latest)
        .full()
        .await
        .unwrap()
        .unwrap();
    assert_eq!(Some(latest.header.hash), receipt.block_hash);
    // What alloy hashes of the header's fields is what the chain says.
    assert_eq!(latest.header.inner.hash_slow(), latest.header.hash);
    assert_eq!(latest.header.gas_used, receipt.gas_used);
    let receipts = provider
        .get_block_receipts(BlockNumberOrTag::Latest.into())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(receipts, [receipt.clone()]);

    let events = token
        .Transfer_filter()
        .topic2(BOB)
        .from_block(0)
        .query()
        .await
        .unwrap();
    let [(event, log)] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert_eq!(event.value, U256::from(300));
    assert_eq!(log.transaction_hash, Some(receipt.transaction_hash));
}

#[tokio::test]
async fn decodes_custom_errors() {
    let devnet = Devnet::start();
    let provider = connect(&devnet.url, &devnet).await;
    let token = deploy_token(&provider).await;
    let excessive = token.transfer(BOB, U256::from(1_001));
    let refusals = [
        excessive.call().await.unwrap_err(),
        excessive.estimate_gas().await.unwrap_err(),
    ];
    for refusal in refusals {
        let decoded = refusal.as_decoded_interface_error::<Token::TokenErrors>();
        assert_eq!(
            decoded,
            Some(Token::TokenErrors::ERC20InsufficientBalance(
                Token::ERC20InsufficientBalance {
                    sender: provider.default_signer_address(),
                    balance: U256::from(1_000),
                    needed: U256::from(1_001),
                }
            ))
        );
    }
}

#[tokio::test]
async fn sends_every_type_of_transaction() {
    let devnet = Devnet::start();
    let provider = connect(&devnet.url, &devnet).await;
    let payment = TransactionRequest::default()
        .with_from(provider.default_signer_address())
        .with_to(BOB)
        .with_value(U256::from(5));
    let listed = provider.create_access_list(&payment).await.unwrap();
    let requests = [
        payment.clone().with_gas_price(10_000_000),
        payment
            .clone()
            .with_gas_price(10_000_000)
            .with_access_list(listed.access_list),
        payment,
    ];
    for (ty, request) in (0u8..).zip(requests) {
        let sent = provider.send_transaction(request).await.unwrap();
        let receipt = sent.get_receipt().await.unwrap();
        assert_eq!(u8::from(receipt.transaction_type()), ty);
        assert_eq!(receipt.effective_gas_price, 10_000_000);
    }
    let received = provider.get_balance(BOB).await.unwrap() - parse_ether("10000").unwrap();
    assert_eq!(received, U256::from(15));
}

#[tokio::test]
async fn cheats_as_with_anvil() {
    let devnet = Devnet::start();
    let provider = connect(&devnet.url, &devnet).await;
    let snapshot = provider.anvil_snapshot().await.unwrap();
    let rich = Address::repeat_byte(0xaa);
    let ether = parse_ether("1").unwrap();
    provider.anvil_set_balance(rich, ether).await.unwrap();
    provider.anvil_impersonate_account(rich).await.unwrap();
    let request = TransactionRequest::default()
        .with_from(rich)
        .with_to(BOB)
        .with_value(U256::ONE);
    // Without the wallet, which has no key for it.
    let plain = ProviderBuilder::new().connect(&devnet.url).await.unwrap();
    let sent = plain.send_transaction(request).await.unwrap();
    assert_eq!(sent.get_receipt().await.unwrap().from, rich);
    provider
        .anvil_set_storage_at(rich, U256::ZERO, B256::repeat_byte(7))
        .await
        .unwrap();
    assert_eq!(
        B256::from(provider.get_storage_at(rich, U256::ZERO).await.unwrap()),
        B256::repeat_byte(7)
    );
    let before = provider.get_block_number().await.unwrap();
    provider.anvil_mine(Some(3), Some(60)).await.unwrap();
    assert_eq!(provider.get_block_number().await.unwrap(), before + 3);

    assert!(provider.anvil_revert(snapshot).await.unwrap());
    assert_eq!(provider.get_balance(rich).await.unwrap(), U256::ZERO);
    assert_eq!(provider.get_block_number().await.unwrap(), 0);
}

#[tokio::test]
async fn hears_of_blocks_and_events_over_websocket() {
    let devnet = Devnet::start();
    let provider = connect(&devnet.ws, &devnet).await;
    let token = deploy_token(&provider).await;
    let mut blocks = provider.subscribe_blocks().await.unwrap().into_stream();
    let transfers = token.Transfer_filter().subscribe().await.unwrap();
    let mut transfers = transfers.into_stream();
    let sent = token.transfer(BOB, U256::from(300)).send().await.unwrap();
    let receipt = sent.get_receipt().await.unwrap();
    let header = blocks.next().await.unwrap();
    assert_eq!(Some(header.hash), receipt.block_hash);
    let (event, log) = transfers.next().await.unwrap().unwrap();
    assert_eq!((event.to, event.value), (BOB, U256::from(300)));
    assert_eq!(log.transaction_hash, Some(receipt.transaction_hash));
}

#[tokio::test]
async fn deploys_activates_and_calls_a_program_alone_and_from_solidity() {
    let devnet = Devnet::start();
    let provider = connect(&devnet.url, &devnet).await;
    let creation = TransactionRequest::default().with_deploy_code(actor_init_code());
    let sent = provider.send_transaction(creation).await.unwrap();
    let program = sent.get_receipt().await.unwrap().contract_address.unwrap();
    let arb_wasm = IArbWasm::new(ARB_WASM.parse().unwrap(), &provider);
    let activation = arb_wasm
        .activateProgram(program)
        .value(parse_ether("0.1").unwrap());
    let foretold = activation.call().await.unwrap();
    let receipt = activation
        .send()
        .await
        .unwrap()
        .get_receipt()
        .await
        .unwrap();
    let event = receipt.decoded_log::<IArbWasm::ProgramActivated>().unwrap();
    assert_eq!(event.program, program);
    assert_eq!(
        (event.version, event.dataFee),
        (foretold.version, foretold.dataFee)
    );

    let word = U256::from(42).to_be_bytes::<32>();
    let store = TransactionRequest::default()
        .with_to(program)
        .with_input([&[STORE], &word[..]].concat());
    let sent = provider.send_transaction(store).await.unwrap();
    assert!(sent.get_receipt().await.unwrap().status());
    let load = TransactionRequest::default()
        .with_to(program)
        .with_input(vec![LOAD]);
    assert_eq!(provider.call(load).await.unwrap(), Bytes::from(word));

    let partner = Partner::deploy(&provider).await.unwrap();
    let call_back = |call: &Bytes| {
        [&[CALL], partner.address().as_slice(), call]
            .concat()
            .into()
    };
    let visit = call_back(partner.visit(U256::from(9)).calldata());
    let called = partner.callProgram(program, visit).value(U256::from(11));
    let receipt = called.send().await.unwrap().get_receipt().await.unwrap();
    assert_eq!(
        receipt.decoded_log::<Partner::Visited>().unwrap().data,
        Partner::Visited {
            by: program,
            value: U256::from(11),
            number: U256::from(9)
        }
    );
    let refuse = call_back(partner.refuse(U256::from(3)).calldata());
    let refusal = partner.callProgram(program, refuse).call().await;
    assert_eq!(
        refusal.unwrap_err().as_decoded_error::<Partner::Refused>(),
        Some(Partner::Refused {
            by: program,
            number: U256::from(3)
        })
    );
}
