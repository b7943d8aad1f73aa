//! Values of PostgreSQL as the interface has them.

use bytes::BytesMut;
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike};
use std::error::Error;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use uuid::Uuid;
use wasmtime::component::{ComponentType, Lift, Lower};

type Date = (i32, u8, u8);
type Time = (u8, u8, u8, u32);
type DateAndTime = (i32, u8, u8, u8, u8, u8, u32);
type Bound<T> = Option<(T, BoundKind)>;
type RangeOf<T> = (Bound<T>, Bound<T>);

#[derive(Clone, Copy, Debug, ComponentType, Lift, Lower)]
#[component(enum)]
#[repr(u8)]
#[allow(dead_code, reason = "ranges come from components, which the compiler does not see")]
pub(super) enum BoundKind {
    #[component(name = "inclusive")]
    Inclusive,
    #[component(name = "exclusive")]
    Exclusive,
}

#[derive(Clone, Debug, ComponentType, Lift, Lower)]
#[component(record)]
pub(super) struct Interval {
    micros: i64,
    days: i32,
    months: i32,
}

/// `db-data-type`.
#[derive(Clone, Debug, ComponentType, Lift, Lower)]
#[component(variant)]
pub(super) enum Kind {
    #[component(name = "boolean")]
    Boolean,
    #[component(name = "int8")]
    Int8,
    #[component(name = "int16")]
    Int16,
    #[component(name = "int32")]
    Int32,
    #[component(name = "int64")]
    Int64,
    #[component(name = "floating32")]
    Floating32,
    #[component(name = "floating64")]
    Floating64,
    #[component(name = "str")]
    Str,
    #[component(name = "binary")]
    Binary,
    #[component(name = "date")]
    Date,
    #[component(name = "time")]
    Time,
    #[component(name = "datetime")]
    Datetime,
    #[component(name = "timestamp")]
    Timestamp,
    #[component(name = "uuid")]
    Uuid,
    #[component(name = "jsonb")]
    Jsonb,
    #[component(name = "decimal")]
    Decimal,
    #[component(name = "range-int32")]
    RangeInt32,
    #[component(name = "range-int64")]
    RangeInt64,
    #[component(name = "range-decimal")]
    RangeDecimal,
    #[component(name = "array-int32")]
    ArrayInt32,
    #[component(name = "array-int64")]
    ArrayInt64,
    #[component(name = "array-decimal")]
    ArrayDecimal,
    #[component(name = "array-str")]
    ArrayStr,
    #[component(name = "interval")]
    Interval,
    #[component(name = "other")]
    Other(String),
}

/// `db-value`.
#[derive(Clone, Debug, ComponentType, Lift, Lower)]
#[component(variant)]
pub(super) enum Value {
    #[component(name = "boolean")]
    Boolean(bool),
    #[component(name = "int8")]
    Int8(i8),
    #[component(name = "int16")]
    Int16(i16),
    #[component(name = "int32")]
    Int32(i32),
    #[component(name = "int64")]
    Int64(i64),
    #[component(name = "floating32")]
    Floating32(f32),
    #[component(name = "floating64")]
    Floating64(f64),
    #[component(name = "str")]
    Str(String),
    #[component(name = "binary")]
    Binary(Vec<u8>),
    #[component(name = "date")]
    Date(Date),
    #[component(name = "time")]
    Time(Time),
    #[component(name = "datetime")]
    Datetime(DateAndTime),
    #[component(name = "timestamp")]
    Timestamp(i64),
    #[component(name = "uuid")]
    Uuid(String),
    #[component(name = "jsonb")]
    Jsonb(Vec<u8>),
    #[component(name = "decimal")]
    Decimal(String),
    #[component(name = "range-int32")]
    RangeInt32(RangeOf<i32>),
    #[component(name = "range-int64")]
    RangeInt64(RangeOf<i64>),
    #[component(name = "range-decimal")]
    RangeDecimal(RangeOf<String>),
    #[component(name = "array-int32")]
    ArrayInt32(Vec<Option<i32>>),
    #[component(name = "array-int64")]
    ArrayInt64(Vec<Option<i64>>),
    #[component(name = "array-decimal")]
    ArrayDecimal(Vec<Option<String>>),
    #[component(name = "array-str")]
    ArrayStr(Vec<Option<String>>),
    #[component(name = "interval")]
    Interval(Interval),
    #[component(name = "db-null")]
    Null,
    #[component(name = "unsupported")]
    Unsupported(Vec<u8>),
}

/// `parameter-value`.
#[derive(Clone, Debug, ComponentType, Lift, Lower)]
#[component(variant)]
pub(super) enum Parameter {
    #[component(name = "boolean")]
    Boolean(bool),
    #[component(name = "int8")]
    Int8(i8),
    #[component(name = "int16")]
    Int16(i16),
    #[component(name = "int32")]
    Int32(i32),
    #[component(name = "int64")]
    Int64(i64),
    #[component(name = "floating32")]
    Floating32(f32),
    #[component(name = "floating64")]
    Floating64(f64),
    #[component(name = "str")]
    Str(String),
    #[component(name = "binary")]
    Binary(Vec<u8>),
    #[component(name = "date")]
    Date(Date),
    #[component(name = "time")]
    Time(Time),
    #[component(name = "datetime")]
    Datetime(DateAndTime),
    #[component(name = "timestamp")]
    Timestamp(i64),
    #[component(name = "uuid")]
    Uuid(String),
    #[component(name = "jsonb")]
    Jsonb(Vec<u8>),
    #[component(name = "decimal")]
    Decimal(String),
    #[component(name = "range-int32")]
    RangeInt32(RangeOf<i32>),
    #[component(name = "range-int64")]
    RangeInt64(RangeOf<i64>),
    #[component(name = "range-decimal")]
    RangeDecimal(RangeOf<String>),
    #[component(name = "array-int32")]
    ArrayInt32(Vec<Option<i32>>),
    #[component(name = "array-int64")]
    ArrayInt64(Vec<Option<i64>>),
    #[component(name = "array-decimal")]
    ArrayDecimal(Vec<Option<String>>),
    #[component(name = "array-str")]
    ArrayStr(Vec<Option<String>>),
    #[component(name = "interval")]
    Interval(Interval),
    #[component(name = "db-null")]
    Null,
}

/// `column`.
#[derive(Clone, Debug, ComponentType, Lift, Lower)]
#[component(record)]
pub(super) struct Column {
    name: String,
    #[component(name = "data-type")]
    kind: Kind,
}

impl From<&tokio_postgres::Column> for Column {
    fn from(column: &tokio_postgres::Column) -> Self {
        Self { name: column.name().to_owned(), kind: Kind::of(column.type_()) }
    }
}

impl Kind {
    fn of(kind: &Type) -> Self {
        match *kind {
            Type::BOOL => Self::Boolean,
            Type::BYTEA => Self::Binary,
            Type::FLOAT4 => Self::Floating32,
            Type::FLOAT8 => Self::Floating64,
            Type::INT2 => Self::Int16,
            Type::INT4 => Self::Int32,
            Type::INT8 => Self::Int64,
            Type::TEXT | Type::VARCHAR | Type::BPCHAR => Self::Str,
            Type::TIMESTAMP | Type::TIMESTAMPTZ => Self::Datetime,
            Type::DATE => Self::Date,
            Type::TIME => Self::Time,
            Type::UUID => Self::Uuid,
            _ => Self::Other(kind.name().to_owned()),
        }
    }
}

/// The values of a row.
pub(super) fn row(row: &tokio_postgres::Row) -> Result<Vec<Value>, tokio_postgres::Error> {
    row.columns().iter().enumerate().map(|(position, column)| value(row, position, column.type_())).collect()
}

fn value(row: &tokio_postgres::Row, position: usize, kind: &Type) -> Result<Value, tokio_postgres::Error> {
    fn get<'a, T: FromSql<'a>>(
        row: &'a tokio_postgres::Row,
        position: usize,
        value: impl Fn(T) -> Value,
    ) -> Result<Value, tokio_postgres::Error> {
        Ok(row.try_get::<_, Option<T>>(position)?.map_or(Value::Null, value))
    }
    match *kind {
        Type::BOOL => get(row, position, Value::Boolean),
        Type::BYTEA => get(row, position, Value::Binary),
        Type::FLOAT4 => get(row, position, Value::Floating32),
        Type::FLOAT8 => get(row, position, Value::Floating64),
        Type::INT2 => get(row, position, Value::Int16),
        Type::INT4 => get(row, position, Value::Int32),
        Type::INT8 => get(row, position, Value::Int64),
        Type::TEXT | Type::VARCHAR | Type::BPCHAR => get(row, position, Value::Str),
        Type::TIMESTAMP => get(row, position, |at: NaiveDateTime| Value::Datetime(parts(at))),
        Type::TIMESTAMPTZ => get(row, position, |at: DateTime<chrono::Utc>| Value::Datetime(parts(at.naive_utc()))),
        Type::DATE => get(row, position, |date: NaiveDate| Value::Date(date_parts(date))),
        Type::TIME => get(row, position, |time: NaiveTime| Value::Time(time_parts(time))),
        Type::UUID => get(row, position, |uuid: Uuid| Value::Uuid(uuid.to_string())),
        _ => get(row, position, |Bytes(bytes)| Value::Unsupported(bytes)),
    }
}

fn date_parts(date: NaiveDate) -> Date {
    (date.year(), small(date.month()), small(date.day()))
}

fn time_parts(time: NaiveTime) -> Time {
    (small(time.hour()), small(time.minute()), small(time.second()), time.nanosecond())
}

fn parts(at: NaiveDateTime) -> DateAndTime {
    let ((year, month, day), (hour, minute, second, nanosecond)) = (date_parts(at.date()), time_parts(at.time()));
    (year, month, day, hour, minute, second, nanosecond)
}

/// Months, days, hours, minutes and seconds all fit.
fn small(part: u32) -> u8 {
    u8::try_from(part).unwrap_or(u8::MAX)
}

/// What a parameter binds; or why it cannot.
pub(super) fn parameter(parameter: &Parameter) -> Result<Box<dyn ToSql + Send + Sync>, String> {
    let date = |(year, month, day): Date| NaiveDate::from_ymd_opt(year, month.into(), day.into());
    let time = |(hour, minute, second, nanosecond): Time| {
        NaiveTime::from_hms_nano_opt(hour.into(), minute.into(), second.into(), nanosecond)
    };
    let unknown = |what: &str| format!("this host binds no parameters of type {what}");
    Ok(match parameter {
        Parameter::Boolean(value) => Box::new(*value),
        Parameter::Int8(value) => Box::new(*value),
        Parameter::Int16(value) => Box::new(*value),
        Parameter::Int32(value) => Box::new(*value),
        Parameter::Int64(value) => Box::new(*value),
        Parameter::Floating32(value) => Box::new(*value),
        Parameter::Floating64(value) => Box::new(*value),
        Parameter::Str(value) => Box::new(value.clone()),
        Parameter::Binary(value) => Box::new(value.clone()),
        Parameter::Date(value) => Box::new(date(*value).ok_or("there is no such date")?),
        Parameter::Time(value) => Box::new(time(*value).ok_or("there is no such time")?),
        Parameter::Datetime((year, month, day, hour, minute, second, nanosecond)) => {
            let date = date((*year, *month, *day)).ok_or("there is no such date")?;
            Box::new(date.and_time(time((*hour, *minute, *second, *nanosecond)).ok_or("there is no such time")?))
        }
        Parameter::Timestamp(seconds) => {
            Box::new(DateTime::from_timestamp(*seconds, 0).ok_or("there is no such time")?.naive_utc())
        }
        Parameter::Uuid(value) => Box::new(Uuid::parse_str(value).map_err(|error| error.to_string())?),
        Parameter::Null => Box::new(Null),
        Parameter::Jsonb(_) => return Err(unknown("jsonb")),
        Parameter::Decimal(_) => return Err(unknown("decimal")),
        Parameter::RangeInt32(_) | Parameter::RangeInt64(_) | Parameter::RangeDecimal(_) => {
            return Err(unknown("range"));
        }
        Parameter::ArrayInt32(_) | Parameter::ArrayInt64(_) | Parameter::ArrayDecimal(_) | Parameter::ArrayStr(_) => {
            return Err(unknown("array"));
        }
        Parameter::Interval(_) => return Err(unknown("interval")),
    })
}

/// NULL, whatever type the statement gives it.
#[derive(Debug)]
struct Null;

impl ToSql for Null {
    fn to_sql(&self, _: &Type, _: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        Ok(IsNull::Yes)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A value of a type that the interface has no name for, as the server sent it.
struct Bytes(Vec<u8>);

impl<'a> FromSql<'a> for Bytes {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(raw.to_vec()))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
