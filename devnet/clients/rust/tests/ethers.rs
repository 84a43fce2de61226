//! ethers 2: no longer maintained, and in use all the same.

use std::{sync::Arc, time::Duration};

use devnet_clients::{ARB_WASM, Devnet, actor_init_code};
use ethers::{
    abi::{ParamType, Token as Value},
    contract::{EthError as _, EthLogDecode as _, abigen},
    middleware::SignerMiddleware,
    providers::{Http, Middleware, Provider, StreamExt as _, Ws},
    signers::{LocalWallet, Signer as _},
    types::{
        Address, BlockNumber, Bytes, Eip1559TransactionRequest, H256, TransactionReceipt,
        TransactionRequest, U256, transaction::eip2718::TypedTransaction,
    },
    utils::{id, parse_ether},
};

abigen!(Token, "../../tests/solidity/Token.json");
abigen!(Partner, "../../tests/solidity/Partner.json");

const STORE: u8 = 0;
const LOAD: u8 = 1;
const CALL: u8 = 2;

type Client<P> = Arc<SignerMiddleware<Provider<P>, LocalWallet>>;

fn http(devnet: &Devnet) -> Client<Http> {
    let provider = Provider::<Http>::try_from(devnet.url.as_str()).unwrap();
    signing(provider, devnet)
}

async fn ws(devnet: &Devnet) -> Client<Ws> {
    let provider = Provider::<Ws>::connect(&devnet.ws).await.unwrap();
    signing(provider, devnet)
}

fn signing<P: ethers::providers::JsonRpcClient>(
    provider: Provider<P>,
    devnet: &Devnet,
) -> Client<P> {
    let wallet: LocalWallet = devnet.keys[0].parse().unwrap();
    // It polls every seven seconds unless told.
    Arc::new(SignerMiddleware::new(
        provider.interval(Duration::from_millis(20)),
        wallet.with_chain_id(devnet.chain_id),
    ))
}

fn bob(devnet: &Devnet) -> Address {
    devnet.keys[1].parse::<LocalWallet>().unwrap().address()
}

async fn deploy_token<M: Middleware + 'static>(client: &Arc<M>, owner: Address) -> Token<M> {
    let arguments = ("Try".to_owned(), owner, U256::from(1_000));
    Token::deploy(client.clone(), arguments)
        .unwrap()
        .send()
        .await
        .unwrap()
}

async fn mined(
    client: &Client<Http>,
    transaction: impl Into<TypedTransaction> + Send + Sync,
) -> TransactionReceipt {
    let pending = client.send_transaction(transaction, None).await.unwrap();
    pending.await.unwrap().unwrap()
}

#[tokio::test]
async fn deploys_sends_and_finds_events() {
    let devnet = Devnet::start();
    let (client, bob) = (http(&devnet), bob(&devnet));
    let token = deploy_token(&client, client.address()).await;
    assert_eq!(token.name().call().await.unwrap(), "Try");

    let transfer = token.transfer(bob, 300.into());
    let receipt = transfer.send().await.unwrap().await.unwrap().unwrap();
    assert_eq!(receipt.status, Some(1.into()));
    let event = TransferFilter::decode_log(&receipt.logs[0].clone().into()).unwrap();
    assert_eq!(
        (event.from, event.to, event.value),
        (client.address(), bob, 300.into())
    );
    let latest = client
        .get_block(BlockNumber::Latest)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(latest.hash, receipt.block_hash);
    assert_eq!(latest.transactions, [receipt.transaction_hash]);
    let found = token
        .transfer_filter()
        .topic2(bob)
        .from_block(0)
        .query_with_meta()
        .await
        .unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].1.transaction_hash, receipt.transaction_hash);
}

#[tokio::test]
async fn decodes_custom_errors() {
    let devnet = Devnet::start();
    let (client, bob) = (http(&devnet), bob(&devnet));
    let token = deploy_token(&client, client.address()).await;
    let refusal = token.transfer(bob, 1_001.into()).call().await.unwrap_err();
    assert_eq!(
        refusal.decode_contract_revert::<TokenErrors>(),
        Some(TokenErrors::ERC20InsufficientBalance(
            ERC20InsufficientBalance {
                sender: client.address(),
                balance: 1_000.into(),
                needed: 1_001.into(),
            }
        ))
    );
}

#[tokio::test]
async fn sends_legacy_and_eip1559_transactions() {
    let devnet = Devnet::start();
    let (client, bob) = (http(&devnet), bob(&devnet));
    let legacy = mined(&client, TransactionRequest::pay(bob, 5)).await;
    assert_eq!(legacy.transaction_type, Some(0.into()));
    let priced = mined(&client, Eip1559TransactionRequest::new().to(bob).value(5)).await;
    assert_eq!(priced.transaction_type, Some(2.into()));
    assert_eq!(priced.effective_gas_price, Some(10_000_000.into()));
    let received = client.get_balance(bob, None).await.unwrap() - parse_ether(10_000).unwrap();
    assert_eq!(received, 10.into());
}

#[tokio::test]
async fn goes_back_to_a_snapshot() {
    let devnet = Devnet::start();
    let (client, bob) = (http(&devnet), bob(&devnet));
    let provider = client.provider();
    let snapshot: U256 = provider.request("evm_snapshot", ()).await.unwrap();
    mined(&client, TransactionRequest::pay(bob, 5)).await;
    assert_eq!(client.get_block_number().await.unwrap(), 1.into());
    let reverted: bool = provider.request("evm_revert", [snapshot]).await.unwrap();
    assert!(reverted);
    assert_eq!(client.get_block_number().await.unwrap(), 0.into());
}

#[tokio::test]
async fn hears_of_blocks_and_events_over_websocket() {
    let devnet = Devnet::start();
    let (client, bob) = (ws(&devnet).await, bob(&devnet));
    let token = deploy_token(&client, client.address()).await;
    let mut blocks = client.subscribe_blocks().await.unwrap();
    let transfers = token.transfer_filter();
    let mut transfers = transfers.subscribe().await.unwrap();
    let transfer = token.transfer(bob, 300.into());
    let receipt = transfer.send().await.unwrap().await.unwrap().unwrap();
    assert_eq!(blocks.next().await.unwrap().hash, receipt.block_hash);
    let event = transfers.next().await.unwrap().unwrap();
    assert_eq!((event.to, event.value), (bob, 300.into()));
}

#[tokio::test]
async fn deploys_activates_and_calls_a_program_alone_and_from_solidity() {
    let devnet = Devnet::start();
    let client = http(&devnet);
    let creation = TransactionRequest::new().data(actor_init_code());
    let program = mined(&client, creation).await.contract_address.unwrap();
    let activate = [
        id("activateProgram(address)").as_slice(),
        &ethers::abi::encode(&[Value::Address(program)]),
    ]
    .concat();
    let arb_wasm: Address = ARB_WASM.parse().unwrap();
    let activation = TransactionRequest::new()
        .to(arb_wasm)
        .value(parse_ether("0.1").unwrap())
        .data(activate);
    let receipt = mined(&client, activation).await;
    assert_eq!(receipt.logs[0].address, arb_wasm);
    let types = [
        ParamType::FixedBytes(32),
        ParamType::Address,
        ParamType::Uint(256),
        ParamType::Uint(16),
    ];
    let event = ethers::abi::decode(&types, &receipt.logs[0].data).unwrap();
    assert_eq!(event[1], Value::Address(program));

    let word = H256::from_low_u64_be(42);
    let store = TransactionRequest::new()
        .to(program)
        .data([&[STORE], word.as_bytes()].concat());
    mined(&client, store).await;
    let load = TransactionRequest::new().to(program).data(vec![LOAD]);
    let loaded = client.call(&load.into(), None).await.unwrap();
    assert_eq!(loaded, Bytes::from(word.0));

    let partner = Partner::deploy(client.clone(), ()).unwrap();
    let partner = partner.send().await.unwrap();
    let call_back = |call: Option<Bytes>| -> Bytes {
        [&[CALL], partner.address().as_bytes(), &call.unwrap()]
            .concat()
            .into()
    };
    let visit = call_back(partner.visit(9.into()).calldata());
    let called = partner.call_program(program, visit).value(11);
    let receipt = called.send().await.unwrap().await.unwrap().unwrap();
    let event = VisitedFilter::decode_log(&receipt.logs[0].clone().into()).unwrap();
    assert_eq!(
        (event.by, event.value, event.number),
        (program, 11.into(), 9.into())
    );
    let refuse = call_back(partner.refuse(3.into()).calldata());
    let refusal = partner.call_program(program, refuse).call().await;
    let data = refusal.unwrap_err().as_revert().cloned().unwrap();
    let refused = Refused::decode_with_selector(&data).unwrap();
    assert_eq!((refused.by, refused.number), (program, 3.into()));
}
