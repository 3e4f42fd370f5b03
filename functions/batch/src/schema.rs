//! The tables' schemas: as the Delta log states them, and as their files hold them.
//!
//! Made from [`posts::tables`] alone; the partition column stands in the log and in no file.

use std::sync::Arc;

use deltalake::arrow::datatypes::{DataType as ArrowType, Field, Schema, SchemaRef, TimeUnit};
use deltalake::kernel::{ArrayType, DataType, PrimitiveType, StructField, StructType};
use posts::tables::{DT, Table, TableColumn, Type};

/// The columns of a table as its log states them.
pub(crate) fn log_fields(table: Table) -> Vec<StructField> {
    table.columns().map(|column| StructField::new(column.name, log_type(column.holds), !column.required)).collect()
}

/// The columns of a table's files.
pub(crate) fn file_schema(table: Table) -> SchemaRef {
    let columns = table.columns().filter(|column| column.name != DT);
    Arc::new(Schema::new(columns.map(file_field).collect::<Vec<_>>()))
}

/// The first column that a table's log does not state as [`log_fields`] does; further columns are no harm.
pub(crate) fn first_difference(table: Table, actual: &StructType) -> Option<&'static str> {
    let differs = |column: &&TableColumn| {
        let field = actual.field(column.name);
        field.is_none_or(|field| *field.data_type() != log_type(column.holds))
    };
    table.columns().find(differs).map(|column| column.name)
}

fn file_field(column: &TableColumn) -> Field {
    Field::new(column.name, file_type(column.holds), !column.required)
}

fn log_type(holds: Type) -> DataType {
    let primitive = match holds {
        Type::Doubles => return ArrayType::new(DataType::Primitive(PrimitiveType::Double), true).into(),
        Type::Long => PrimitiveType::Long,
        Type::Integer => PrimitiveType::Integer,
        Type::Text => PrimitiveType::String,
        Type::Timestamp => PrimitiveType::Timestamp,
        Type::Date => PrimitiveType::Date,
        Type::Boolean => PrimitiveType::Boolean,
        Type::Binary => PrimitiveType::Binary,
    };
    DataType::Primitive(primitive)
}

fn file_type(holds: Type) -> ArrowType {
    match holds {
        Type::Doubles => ArrowType::List(Arc::new(list_element())),
        Type::Long => ArrowType::Int64,
        Type::Integer => ArrowType::Int32,
        Type::Text => ArrowType::Utf8,
        Type::Timestamp => ArrowType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        Type::Date => ArrowType::Date32,
        Type::Boolean => ArrowType::Boolean,
        Type::Binary => ArrowType::Binary,
    }
}

/// What a list holds, by the name that Parquet's rules for lists give it.
pub(crate) fn list_element() -> Field {
    Field::new("element", ArrowType::Float64, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_as_created_has_no_difference_and_a_changed_one_names_its_first() {
        for table in Table::ALL {
            let fields = log_fields(table);
            let created = StructType::try_new(fields.clone()).unwrap();
            assert_eq!(first_difference(table, &created), None);
            let shorter = StructType::try_new(fields.into_iter().skip(1)).unwrap();
            assert_eq!(first_difference(table, &shorter), table.columns().next().map(|column| column.name));
        }
    }

    #[test]
    fn files_hold_every_column_but_the_partition() {
        for table in Table::ALL {
            let schema = file_schema(table);
            let names: Vec<_> = schema.fields().iter().map(|field| field.name().as_str()).collect();
            let want: Vec<_> = table.columns().map(|column| column.name).filter(|name| *name != DT).collect();
            assert_eq!(names, want);
        }
    }
}
