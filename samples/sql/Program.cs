using System;
using System.Data;
using System.Data.Common;

namespace Contoso
{
    /// <summary>A driver without a database: its commands know how many rows they would have touched.</summary>
    public sealed class ShopCommand : DbCommand
    {
        public override string CommandText { get; set; } = "";
        public override int CommandTimeout { get; set; }
        public override CommandType CommandType { get; set; }
        public override bool DesignTimeVisible { get; set; }
        public override UpdateRowSource UpdatedRowSource { get; set; }
        protected override DbConnection DbConnection { get; set; }
        protected override DbParameterCollection DbParameterCollection => throw new NotSupportedException();
        protected override DbTransaction DbTransaction { get; set; }
        public override void Cancel() { }
        public override void Prepare() { }
        protected override DbParameter CreateDbParameter() => throw new NotSupportedException();
        protected override DbDataReader ExecuteDbDataReader(CommandBehavior behavior) => throw new NotSupportedException();
        public override int ExecuteNonQuery() => CommandText.Length % 7;
        public override object ExecuteScalar() => CommandText.Length;
    }

    public static class Program
    {
        public static int Main()
        {
            int rows = new ShopCommand { CommandText = "delete from cart" }.ExecuteNonQuery();
            rows += (int)new ShopCommand { CommandText = "select count(*) from orders where customer = 'Ada' and year = 2026" }.ExecuteScalar();
            Console.WriteLine("the application got: " + rows);
            return 0;
        }
    }
}
