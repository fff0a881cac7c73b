//! The two things that are wanted of an SQLite: answers to statements, and all or nothing.
use serde::{Deserialize, de::DeserializeOwned};
use worker::{Result, SqlStorage, SqlStorageValue, Storage};

use super::transaction;

/// An SQLite with one connection.
pub(crate) trait Database {
    /// Runs a statement and answers its rows.
    fn exec<T: DeserializeOwned>(&self, statement: &str, bindings: Vec<SqlStorageValue>) -> Result<Vec<T>>;
    /// Runs a script of statements without bindings.
    fn script(&self, statements: &str) -> Result<()>;
    /// Runs `body` in one transaction: an error undoes all of it.
    fn transaction<T>(&self, body: impl FnMut() -> Result<T>) -> Result<T>;

    /// Runs a statement whose rows nobody wants.
    fn run(&self, statement: &str, bindings: Vec<SqlStorageValue>) -> Result<()> {
        self.exec::<serde::de::IgnoredAny>(statement, bindings).map(drop)
    }

    /// The one row that a statement answers.
    fn one<T: DeserializeOwned>(&self, statement: &str, bindings: Vec<SqlStorageValue>) -> Result<T> {
        let row = self.exec(statement, bindings)?.into_iter().next();
        row.ok_or_else(|| worker::Error::RustError(format!("no row: {statement}")))
    }

    /// The number that a statement answers as `n`; `None` if that is NULL, or without a row.
    fn number(&self, statement: &str, bindings: Vec<SqlStorageValue>) -> Result<Option<i64>> {
        #[derive(Deserialize)]
        struct Number {
            n: Option<i64>,
        }
        Ok(self.exec::<Number>(statement, bindings)?.first().and_then(|row| row.n))
    }
}

/// That of a durable object.
pub(crate) struct Object {
    storage: Storage,
    sql: SqlStorage,
}

impl Object {
    pub(crate) fn of(storage: Storage) -> Self {
        Self { sql: storage.sql(), storage }
    }
}

impl Database for Object {
    fn exec<T: DeserializeOwned>(&self, statement: &str, bindings: Vec<SqlStorageValue>) -> Result<Vec<T>> {
        self.sql.exec(statement, bindings)?.to_array()
    }

    fn script(&self, statements: &str) -> Result<()> {
        self.sql.exec(statements, None).map(drop)
    }

    fn run(&self, statement: &str, bindings: Vec<SqlStorageValue>) -> Result<()> {
        self.sql.exec(statement, bindings).map(drop)
    }

    fn transaction<T>(&self, body: impl FnMut() -> Result<T>) -> Result<T> {
        transaction::run(&self.storage, body)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    //! An SQLite in memory, for tests: the same statements on the same engine, without a worker around it.
    use rusqlite::{Connection, ToSql, params_from_iter, types::Value};
    use serde_json::{Map, Value as Json};
    use worker::Error;

    use super::*;

    pub(crate) struct Memory(Connection);

    impl Memory {
        pub(crate) fn new() -> Self {
            Self(Connection::open_in_memory().unwrap())
        }
    }

    fn told(error: impl std::fmt::Display) -> Error {
        Error::RustError(error.to_string())
    }

    fn bound(value: SqlStorageValue) -> Value {
        match value {
            SqlStorageValue::Null => Value::Null,
            SqlStorageValue::Boolean(boolean) => Value::Integer(boolean.into()),
            SqlStorageValue::Integer(integer) => Value::Integer(integer),
            SqlStorageValue::Float(float) => Value::Real(float),
            SqlStorageValue::String(text) => Value::Text(text),
            SqlStorageValue::Blob(bytes) => Value::Blob(bytes),
        }
    }

    fn found(value: Value) -> Json {
        match value {
            Value::Integer(integer) => integer.into(),
            Value::Real(real) => real.into(),
            Value::Text(text) => text.into(),
            Value::Null => Json::Null,
            Value::Blob(bytes) => bytes.into(),
        }
    }

    impl Database for Memory {
        fn exec<T: DeserializeOwned>(&self, statement: &str, bindings: Vec<SqlStorageValue>) -> Result<Vec<T>> {
            let mut statement = self.0.prepare(statement).map_err(told)?;
            let names: Vec<String> = statement.column_names().map(Into::into).collect();
            let bindings: Vec<Box<dyn ToSql>> = bindings.into_iter().map(|value| Box::new(bound(value)) as Box<dyn ToSql>).collect();
            let mut rows = statement.query(params_from_iter(bindings)).map_err(told)?;
            let mut read = Vec::new();
            while let Some(row) = rows.next().map_err(told)? {
                let mut object = Map::new();
                for (index, name) in names.iter().enumerate() {
                    object.insert(name.clone(), found(row.get(index).map_err(told)?));
                }
                read.push(serde_json::from_value(Json::Object(object)).map_err(told)?);
            }
            Ok(read)
        }

        fn script(&self, statements: &str) -> Result<()> {
            self.0.execute_batch(statements).map_err(told)
        }

        fn transaction<T>(&self, mut body: impl FnMut() -> Result<T>) -> Result<T> {
            self.script("BEGIN")?;
            let outcome = body();
            self.script(if outcome.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
            outcome
        }
    }
}
