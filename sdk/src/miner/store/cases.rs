//! Cases: one for each solution that the miner watches or that is disputed; and the tasks
//! whose consumers are to be told.

use std::collections::BTreeSet;

use alloy_primitives::B256;
use redb::{ReadableTable, TableDefinition, WriteTransaction};

use super::{Store, StoreError, record, schema::META};
use crate::miner::{Case, Stage};

pub(super) const CASES: TableDefinition<'_, [u8; 32], &[u8]> = TableDefinition::new("cases");
/// Ids of cases that are not over; a restart reads no others.
pub(super) const OPEN_CASES: TableDefinition<'_, [u8; 32], ()> = TableDefinition::new("open_cases");
/// Tasks whose consumers are to be told, with the attempts that failed.
pub(super) const NOTICES: TableDefinition<'_, [u8; 32], u32> = TableDefinition::new("notices");

/// What else a range of blocks adds to the store.
#[derive(Debug, Default)]
pub(in crate::miner) struct News {
    /// Cases as they are after what was read.
    pub(in crate::miner) cases: Vec<Case>,
    /// Tasks whose consumers are to be told.
    pub(in crate::miner) notices: Vec<B256>,
}

impl News {
    /// Writes it down within a transaction.
    pub(super) fn write(&self, write: &WriteTransaction) -> Result<(), StoreError> {
        for case in &self.cases {
            put(write, case)?;
        }
        let mut notices = write.open_table(NOTICES)?;
        for task in &self.notices {
            notices.insert(task.0, 0)?;
        }
        Ok(())
    }
}

fn put(write: &WriteTransaction, case: &Case) -> Result<(), StoreError> {
    write
        .open_table(CASES)?
        .insert(case.task.0, record::encode(case)?.as_slice())?;
    let mut open = write.open_table(OPEN_CASES)?;
    if case.stage.is_over() {
        open.remove(case.task.0)?;
    } else {
        open.insert(case.task.0, ())?;
    }
    Ok(())
}

fn get(write: &WriteTransaction, task: B256) -> Result<Option<Case>, StoreError> {
    let table = write.open_table(CASES)?;
    let record = table.get(task.0)?;
    record
        .map(|record| record::decode(record.value()))
        .transpose()
}

impl Store {
    /// Writes down where a case stands. A contestation that was read and written down while a
    /// step was taken is not forgotten for it: it comes into the case.
    #[tracing::instrument(level = "debug", skip_all, fields(task = %case.task, stage = %case.stage))]
    pub(in crate::miner) fn save_case(&self, case: &mut Case) -> Result<(), StoreError> {
        let write = self.begin_write()?;
        if case.contester.is_none()
            && let Some(before) = get(&write, case.task)?
            && let Some(contester) = before.contester
        {
            case.take_up(contester);
            case.block = before.block;
        }
        put(&write, case)?;
        write.commit()?;
        Ok(())
    }

    /// Forgets a case that turned out to be none of this miner's.
    pub(in crate::miner) fn forget_case(&self, task: B256) -> Result<(), StoreError> {
        let write = self.begin_write()?;
        write.open_table(CASES)?.remove(task.0)?;
        write.open_table(OPEN_CASES)?.remove(task.0)?;
        write.commit()?;
        Ok(())
    }

    /// One case.
    pub(in crate::miner) fn case(&self, task: B256) -> Result<Option<Case>, StoreError> {
        let table = self.begin_read()?.open_table(CASES)?;
        let record = table.get(task.0)?;
        record
            .map(|record| record::decode(record.value()))
            .transpose()
    }

    /// Every case that is not over.
    pub(in crate::miner) fn open_cases(&self) -> Result<Vec<Case>, StoreError> {
        let read = self.begin_read()?;
        let (open, table) = (read.open_table(OPEN_CASES)?, read.open_table(CASES)?);
        let mut cases = Vec::new();
        for entry in open.iter()? {
            if let Some(record) = table.get(entry?.0.value())? {
                cases.push(record::decode(record.value())?);
            }
        }
        Ok(cases)
    }

    /// Every case, the oldest first. Cases whose records are damaged are left out, with a
    /// warning.
    pub(in crate::miner) fn cases(&self) -> Result<Vec<Case>, StoreError> {
        let table = self.begin_read()?.open_table(CASES)?;
        let (mut cases, mut damaged) = (Vec::new(), 0_u64);
        for entry in table.iter()? {
            match record::decode::<Case>(entry?.1.value()) {
                Ok(case) => cases.push(case),
                Err(_) => damaged += 1,
            }
        }
        if damaged > 0 {
            tracing::warn!(damaged, "left out cases whose records cannot be read");
        }
        cases.sort_by_key(began);
        Ok(cases)
    }

    /// Disputes that were settled since a time, milliseconds since 1970.
    pub(in crate::miner) fn settled_since(&self, time: u64) -> Result<Vec<Case>, StoreError> {
        let mut cases = self.cases()?;
        cases.retain(|case| case.stage == Stage::Settled && ended(case) >= time);
        Ok(cases)
    }

    /// Forgets cases that ended before a time, milliseconds since 1970, and of those that
    /// are over all but the newest `keep`. Returns how many.
    pub(in crate::miner) fn prune_cases(
        &self,
        before: u64,
        keep: u64,
    ) -> Result<usize, StoreError> {
        let mut over: Vec<(u64, B256)> = Vec::new();
        for case in self.cases()?.iter().filter(|case| case.stage.is_over()) {
            over.push((ended(case), case.task));
        }
        over.sort_unstable_by(|one, other| other.cmp(one));
        let old = |(place, (ended, _)): &(usize, (u64, B256))| {
            u64::try_from(*place).is_ok_and(|place| place >= keep) || *ended < before
        };
        let gone: BTreeSet<B256> = over
            .into_iter()
            .enumerate()
            .filter(old)
            .map(|(_, (_, task))| task)
            .collect();
        let write = self.begin_write()?;
        {
            let mut table = write.open_table(CASES)?;
            for task in &gone {
                table.remove(task.0)?;
            }
        }
        write.commit()?;
        Ok(gone.len())
    }

    /// Tasks whose consumers are to be told, with the attempts that failed.
    pub(in crate::miner) fn notices(&self) -> Result<Vec<(B256, u32)>, StoreError> {
        let table = self.begin_read()?.open_table(NOTICES)?;
        let mut notices = Vec::new();
        for entry in table.iter()? {
            let (task, attempts) = entry?;
            notices.push((task.value().into(), attempts.value()));
        }
        Ok(notices)
    }

    /// Notes another failed attempt at telling a consumer.
    pub(in crate::miner) fn put_off_notice(
        &self,
        task: B256,
        attempts: u32,
    ) -> Result<(), StoreError> {
        let write = self.begin_write()?;
        write.open_table(NOTICES)?.insert(task.0, attempts)?;
        write.commit()?;
        Ok(())
    }

    /// A consumer is told, or never will be.
    #[tracing::instrument(level = "debug", skip_all, fields(%task))]
    pub(in crate::miner) fn close_notice(&self, task: B256) -> Result<(), StoreError> {
        let write = self.begin_write()?;
        write.open_table(NOTICES)?.remove(task.0)?;
        write.commit()?;
        Ok(())
    }

    /// The secret that decides which solutions are computed again: the first that was
    /// `drawn` for this store, so that a restart changes no decision.
    pub(in crate::miner) fn secret(&self, drawn: B256) -> Result<B256, StoreError> {
        let write = self.begin_write()?;
        let secret = {
            let mut meta = write.open_table(META)?;
            let kept = record::at(&meta, "secret")?;
            match kept {
                Some(secret) => secret,
                None => {
                    meta.insert("secret", record::encode(&drawn)?.as_slice())?;
                    drawn
                }
            }
        };
        write.commit()?;
        Ok(secret)
    }
}

fn began(case: &Case) -> u64 {
    case.history.first().map_or(0, |(_, at)| *at)
}

fn ended(case: &Case) -> u64 {
    case.history.last().map_or(0, |(_, at)| *at)
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{Address, Bytes};

    use super::*;
    use crate::{
        chain::Cursor,
        miner::{Cause, Finding, Stage, store::Owner},
    };

    fn store(folder: &tempfile::TempDir) -> Store {
        let owner = Owner {
            chain: 1,
            engine: Address::repeat_byte(1),
            account: Address::repeat_byte(2),
        };
        Store::open(&folder.path().join("miner.redb"), owner).unwrap()
    }

    fn case(number: u8) -> Case {
        Case::seen(
            B256::repeat_byte(number),
            B256::repeat_byte(9),
            Bytes::from_static(b"{}"),
            Address::repeat_byte(3),
            Cause::Drawn,
        )
    }

    #[test]
    fn a_contestation_that_came_meanwhile_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder);
        let mut computing = case(1);
        store.save_case(&mut computing).unwrap();
        // The loop reads a contestation while the case is being computed.
        let mut contested = computing.clone();
        contested.take_up(Address::repeat_byte(7));
        let news = News {
            cases: vec![contested],
            notices: Vec::new(),
        };
        store.add(Vec::new(), &news, Cursor::after(5)).unwrap();
        computing.finding = Some(Finding::Right);
        computing.end(Stage::Agreed, "the same came out");
        store.save_case(&mut computing).unwrap();
        assert_eq!(computing.stage, Stage::Contested);
        let open = store.open_cases().unwrap();
        assert_eq!(open.len(), 1);
        assert_eq!(open[0].finding, Some(Finding::Right));
        assert_eq!(open[0].contester, Some(Address::repeat_byte(7)));
    }

    #[test]
    fn old_cases_are_forgotten_and_open_ones_never() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder);
        store.save_case(&mut case(1)).unwrap();
        for number in 2..=5 {
            let mut over = case(number);
            over.end(Stage::Agreed, "the same came out");
            over.history = vec![(Stage::Agreed, u64::from(number) * 1_000)];
            store.save_case(&mut over).unwrap();
        }
        // 2 is too old, and of 3, 4 and 5 two are kept.
        assert_eq!(store.prune_cases(2_500, 2).unwrap(), 2);
        let mut kept: Vec<u8> = store
            .cases()
            .unwrap()
            .iter()
            .map(|case| case.task[0])
            .collect();
        kept.sort_unstable();
        assert_eq!(kept, [1, 4, 5]);
        assert_eq!(store.prune_cases(u64::MAX, 0).unwrap(), 2);
        assert_eq!(store.open_cases().unwrap().len(), 1);
    }

    #[test]
    fn the_secret_and_the_notices_outlive_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let task = B256::repeat_byte(5);
        {
            let store = store(&folder);
            let drawn = store.secret(B256::repeat_byte(1)).unwrap();
            assert_eq!(drawn, B256::repeat_byte(1));
            let news = News {
                cases: Vec::new(),
                notices: vec![task],
            };
            store.add(Vec::new(), &news, Cursor::after(5)).unwrap();
            store.put_off_notice(task, 2).unwrap();
        }
        let store = store(&folder);
        let drawn = store.secret(B256::repeat_byte(2)).unwrap();
        assert_eq!(drawn, B256::repeat_byte(1), "the first one stays");
        assert_eq!(store.notices().unwrap(), [(task, 2)]);
        store.close_notice(task).unwrap();
        assert_eq!(store.notices().unwrap(), []);
    }
}
