using LoraLab.Contracts.Runs.Fields;
using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage.Postgres;

/// <summary>Translates orders of runs to SQL with the same order as <see cref="RunSort.Compare(RunSort.Key, RunSort.Key)"/>.</summary>
internal sealed class OrderSql(RunSort sort, SqlParameters parameters)
{
    /// <summary>What follows <c>order by</c>. Missing values come last in either direction; ties are broken by id.</summary>
    public string Order => string.Join(", ", [.. sort.Parts.Select(part => $"{Value(part)}{Direction(part.Descending)} nulls last"),
        "id" + Direction(sort.Descending)]);

    /// <summary>The column of a field that every run is sorted by often.</summary>
    public static string Column(string field) => field == "id" ? "id" : $"\"sort {field}\"";

    /// <summary>The condition that a run comes after a key.</summary>
    public string After(RunSort.Key key)
    {
        IComparable?[] values = [key.Value, .. key.More];
        List<string> ways = [];
        string equal = "";
        for (int i = 0; i < sort.Parts.Count; i++)
        {
            string column = Value(sort.Parts[i]);
            if (values[i] is { } value)
            {
                string parameter = parameters.Add(value);
                ways.Add($"{equal}({column} {(sort.Parts[i].Descending ? '<' : '>')} {parameter} or {column} is null)");
                equal += $"{column} = {parameter} and ";
            }
            else
            {
                equal += $"{column} is null and ";
            }
        }

        ways.Add($"{equal}id {(sort.Descending ? '<' : '>')} {parameters.Add(key.Id)}");
        return $"({string.Join(" or ", ways)})";
    }

    private static string Direction(bool descending) => descending ? " desc" : "";

    private static string Value(RunSort.Part part)
    {
        // Under its full name, also where the order has a short one.
        string field = RunFieldCatalog.Default.Find(part.Field)?.Name ?? part.Field;
        string name = SqlParameters.Literal(field);
        return RunSort.FieldNames.Contains(field) ? Column(field)
            : part.IsText ? $"((keys ->> {name}) collate \"C\")"
            : $"(case jsonb_typeof(keys -> {name}) when 'number' then (keys ->> {name})::double precision end)";
    }
}
