using Parquet;
using Parquet.Schema;
using Parquet.Serialization;

namespace LoraLab.Tests.Support;

/// <summary>Writes Parquet files as those on the Hugging Face Hub.</summary>
internal static class ParquetFile
{
    /// <summary>Returns the bytes of a file whose columns have texts, numbers or conversations (role and content).</summary>
    public static byte[] Of(params (string Name, Array Values)[] columns)
    {
        ParquetSchema schema = new([.. columns.Select(column => Field(column.Name, column.Values))]);
        List<IDictionary<string, object>> rows = [.. Enumerable.Range(0, columns[0].Values.Length).Select(row =>
            (IDictionary<string, object>)columns.Where(column => column.Values.GetValue(row) is not null)
                .ToDictionary(column => column.Name, column => Value(column.Values.GetValue(row)!)))];
        MemoryStream stream = new();
        ParquetSerializer.SerializeUntypedAsync(rows!, schema, stream, new ParquetOptions()).GetAwaiter().GetResult();
        return stream.ToArray();
    }

    private static Field Field(string name, Array values) => values switch
    {
        long[] => new DataField<long>(name),
        (string Role, string Content)[][] => new ListField(
            name, new StructField("element", new DataField<string>("content"), new DataField<string>("role"))),
        _ => new DataField<string>(name),
    };

    private static object Value(object value) => value is (string Role, string Content)[] messages
        ? messages.Select(IDictionary<string, object> (message) => new Dictionary<string, object>
        {
            ["content"] = message.Content,
            ["role"] = message.Role,
        }).ToList()
        : value;
}
