using Npgsql;

namespace LoraLab.Server.Storage.Postgres;

/// <summary>The parameters of a statement, which takes them by position.</summary>
internal sealed class SqlParameters
{
    private readonly List<object> _values = [];

    /// <summary>Adds a value; returns how the statement names it, such as <c>$1</c>.</summary>
    public string Add(object value)
    {
        _values.Add(value);
        return FormattableString.Invariant($"${_values.Count}");
    }

    /// <summary>A text as a literal, for what must be the same in every statement: names of fields.</summary>
    public static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    /// <summary>A statement of a batch with these parameters.</summary>
    public NpgsqlBatchCommand Command(string sql) => Command(sql, [.. _values]);

    /// <summary>A statement of a batch.</summary>
    /// <param name="sql">The statement.</param>
    /// <param name="values">Its parameters; null is written as DBNull.</param>
    public static NpgsqlBatchCommand Command(string sql, params object?[] values)
    {
        NpgsqlBatchCommand command = new(sql);
        foreach (object? value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value ?? DBNull.Value });
        }

        return command;
    }
}
