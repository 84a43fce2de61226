//! The examples are read whole, and mistakes are named.

use super::*;

const NOVA: &str = include_str!("../../../../../docs/deploy/nova.toml");
const LOCAL: &str = include_str!("../../../../../docs/deploy/local.toml");

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/deploy")
}

/// The example with every placeholder filled in.
fn filled() -> String {
    let mut text = NOVA.to_owned();
    let mut number = 0x11_u8;
    while let Some((before, rest)) = text.split_once("\"<") {
        let (_, after) = rest.split_once(">\"").unwrap();
        text = format!("{before}\"{}\"{after}", Address::repeat_byte(number));
        number += 1;
    }
    text
}

fn parse(text: &str) -> Result<Settings, SettingsError> {
    Settings::parse(text, "some.toml", &folder())
}

fn error(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

#[test]
fn the_example_for_nova_is_refused_until_it_is_filled_in() {
    assert!(error(NOVA).starts_with("some.toml: "), "{}", error(NOVA));
    let settings = parse(&filled()).unwrap();
    assert_eq!(settings.chain_id, Some(42_170));
    assert_eq!(settings.grants.len(), 6);
    assert_eq!(settings.parameters, Parameters::default());
    assert_eq!(settings.dao().map(|dao| dao.voting_period), Some(604_800));
    assert!(settings.bridge.is_some());
    assert_eq!(settings.models[0].rate, U256::from(ONE));
}

#[test]
fn the_local_example_is_read_as_it_is() {
    let settings = parse(LOCAL).unwrap();
    assert_eq!(settings.chain_id, Some(412_346));
    let delay = settings.parameters.get(Parameter::MinClaimSolutionTime);
    assert_eq!(delay, 120);
    assert_eq!(settings.bridge, None);
    assert_eq!(settings.start_time, None);
    let names: Vec<_> = settings.grants.iter().filter_map(Grant::contract).collect();
    assert_eq!(
        names,
        [
            "vesting-dao",
            "vesting-team-1",
            "vesting-private-sale-1",
            "vesting-liquidity-incentives"
        ]
    );
}

/// A default that the example states is the default.
#[test]
fn the_example_has_every_key_with_its_default() {
    let mut text = filled();
    for row in &TABLE {
        let name = row.parameter.name();
        let line = format!("# {name} = ");
        assert!(text.contains(&line), "{name} is not in the example");
        text = text.replace(&line, &format!("{name} = "));
    }
    for key in [
        "max-cache-bid",
        "start-time",
        "voting-delay",
        "voting-period",
        "proposal-threshold",
        "quorum",
        "timelock-delay",
        "vesting-start",
    ] {
        let line = format!("# {key} = ");
        assert!(text.contains(&line), "{key} is not in the example");
        text = text.replace(&line, &format!("{key} = "));
    }
    let spelled_out = parse(&text).unwrap();
    let noon = 1_798_804_800;
    assert_eq!(spelled_out.start_time, Some(noon));
    assert_eq!(spelled_out.vesting_start, Some(noon));
    let silent = parse(&filled()).unwrap();
    let expected = Settings {
        start_time: Some(noon),
        vesting_start: Some(noon),
        ..silent
    };
    assert_eq!(spelled_out, expected);
}

#[test]
fn an_unknown_key_is_refused_with_its_line() {
    let text = LOCAL.replace("[governance]", "[governance]\nquorom = \"4%\"");
    let line = text.lines().position(|line| line.starts_with("quorom"));
    let said = error(&text);
    assert!(
        said.starts_with(&format!("some.toml, line {}: ", line.unwrap() + 1)),
        "{said}"
    );
    assert!(
        said.contains("`quorom`") && said.contains("`quorum`"),
        "{said}"
    );
    let said = error(&format!("colour = 1\n{LOCAL}"));
    assert!(said.contains("line 1: unknown field `colour`"), "{said}");
}

#[test]
fn what_is_missing_or_wrong_is_named_by_its_field() {
    let with = |from: &str, to: &str| {
        assert!(LOCAL.contains(from), "{from}");
        error(&LOCAL.replace(from, to))
    };
    let says = |said: String, part: &str| assert!(said.contains(part), "{said}");
    says(with("id = 412346\n", ""), "missing field `id`");
    says(
        with("= \"2m\"", "= \"soon\""),
        "parameters.minClaimSolutionTime: `soon`",
    );
    says(
        with("minClaimSolutionTime", "minClaimTime"),
        "parameters.minClaimTime: there is no",
    );
    says(
        with("= \"2m\"", "= \"1s\""),
        "parameters.minClaimSolutionTime: ",
    );
    says(
        with("voting-period = \"1d\"", "quorum = 4"),
        "governance.quorum: `4`",
    );
    says(
        with("voting-period = \"1d\"", "quorum = \"4.5%\""),
        "governance.quorum: ",
    );
    says(
        with("voting-delay = \"1h\"", "voting-delay = \"1m\""),
        "governance.voting-delay: the value must be from 3600",
    );
    says(
        with("0x90F79bf6EB2c4f870365E785982E1f101E93b906", "0x90F7"),
        "allocations.private-sale[0].beneficiary: `0x90F7`",
    );
    says(
        with(
            "0x90F79bf6EB2c4f870365E785982E1f101E93b906",
            "0x90f79bf6EB2c4f870365E785982E1f101E93b906",
        ),
        "checksum",
    );
    says(
        with(
            "0x90F79bf6EB2c4f870365E785982E1f101E93b906",
            &Address::ZERO.to_string(),
        ),
        "allocations.private-sale[0].beneficiary: the zero address",
    );
    says(
        with("amount = 100_000", "amount = 99_999"),
        "`team` add up to 99999",
    );
    says(
        with("amount = 100_000", "amount = 0.5"),
        "a whole number, or text",
    );
    says(with("template.json", "none.json"), "models[0].template: ");
    says(
        with("rate = \"1\"", "rate = \"101\""),
        "the rate of the model `stickers`",
    );
    says(
        with("fee = \"0.05\"", "fee = \"-1\""),
        "models[0].fee: `-1`",
    );
}

#[test]
fn beneficiaries_have_names_of_their_own() {
    let two = LOCAL.replace(
        "amount = 100_000\n\n[[allocations.private-sale]]",
        "amount = 50_000\nname = \"x\"\n\n[[allocations.team]]\nname = \"x\"\nbeneficiary = \
         \"0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC\"\namount = 50_000\n\n\
         [[allocations.private-sale]]",
    );
    assert!(
        error(&two).contains("`vesting-team-x` is there twice"),
        "{}",
        error(&two)
    );
    let other = two.replacen("name = \"x\"", "name = \"y\"", 1);
    assert_eq!(parse(&other).unwrap().grants.len(), 6);
    let wrong = two.replacen("name = \"x\"", "name = \"Ä\"", 1);
    assert!(
        error(&wrong).contains("allocations.team[0].name"),
        "{}",
        error(&wrong)
    );
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let said = Settings::load(Path::new("nowhere.toml")).unwrap_err();
    assert!(said.to_string().contains("nowhere.toml"), "{said}");
}
