-- The text of every SQL command that is executed, whatever the driver: drivers derive from DbCommand.
tracer { template = "sql" }
  match { assembly = "*", extends = "System.Data.Common.DbCommand", "ExecuteNonQuery", "ExecuteScalar", "ExecuteDbDataReader" }
