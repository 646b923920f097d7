//! What a pretended provider remembers of its tasks: by number, each seen by its account only, forgotten after its time.
//! A task's age is read from the simulated clock whenever somebody looks; nothing ticks here.

use std::collections::BTreeMap;
use std::sync::Mutex;

/// How many tasks a provider keeps; the oldest go first.
const CAPACITY: usize = 100_000;

/// What all providers' tasks have in common.
pub trait Task: Clone {
    /// Increases with every task.
    fn number(&self) -> u64;
    /// The provider's id of it.
    fn id(&self) -> &str;
    /// Who made it.
    fn account(&self) -> &str;
    /// Whether its record is gone by this time (unix seconds).
    fn is_forgotten(&self, now_s: i64) -> bool;
    /// Whether it could still change when it was last looked at.
    fn is_open(&self) -> bool;
}

/// The tasks of one provider.
#[derive(Debug)]
pub struct Tasks<T>(Mutex<BTreeMap<u64, T>>);

impl<T: Task> Tasks<T> {
    /// Goes on with these tasks.
    pub fn restore(tasks: Vec<T>) -> Self {
        Self(Mutex::new(tasks.into_iter().map(|task| (task.number(), task)).collect()))
    }

    /// Adds a task; the oldest falls out when there are too many.
    pub fn put(&self, task: T) {
        let mut tasks = self.lock();
        tasks.insert(task.number(), task);
        if tasks.len() > CAPACITY {
            tasks.pop_first();
        }
    }

    /// The task that an account sees under an id.
    pub fn find(&self, account: &str, id: &str) -> Option<T> {
        let now_s = chrono::Utc::now().timestamp();
        let seen = |task: &&T| task.id() == id && task.account() == account && !task.is_forgotten(now_s);
        self.lock().values().rev().find(seen).cloned()
    }

    /// All tasks that an account sees, newest first.
    pub fn of(&self, account: &str) -> Vec<T> {
        let now_s = chrono::Utc::now().timestamp();
        let seen = |task: &&T| task.account() == account && !task.is_forgotten(now_s);
        self.lock().values().rev().filter(seen).cloned().collect()
    }

    /// How many tasks are so.
    pub fn count(&self, is_so: impl Fn(&T) -> bool) -> usize {
        self.lock().values().filter(|task| is_so(task)).count()
    }

    /// The task with a number.
    pub fn get(&self, number: u64) -> Option<T> {
        self.lock().get(&number).cloned()
    }

    /// Changes a task if it is still there; the change says whether it made one.
    pub fn change(&self, number: u64, change: impl FnOnce(&mut T) -> bool) -> Option<T> {
        let mut tasks = self.lock();
        let task = tasks.get_mut(&number)?;
        change(task).then(|| task.clone())
    }

    /// Erases a task's record.
    pub fn remove(&self, number: u64) {
        self.lock().remove(&number);
    }

    /// The tasks that can still change.
    pub fn open(&self) -> Vec<T> {
        self.lock().values().filter(|task| task.is_open()).cloned().collect()
    }

    /// Forgets all.
    pub fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, T>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
