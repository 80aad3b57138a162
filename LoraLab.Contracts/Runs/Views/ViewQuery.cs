using System.Text;

namespace LoraLab.Contracts.Runs.Views;

/// <summary>The parameters of the address of a table of runs, which a saved view stores.</summary>
public static class ViewQuery
{
    /// <summary>Names of the parameters: what is shown, and how.</summary>
    public static IReadOnlyList<string> Names { get; } =
        ["q", "filter", "state", "method", "tag", "study", "sweep", "sort", "cols", "group", "collapse", "base", "pin"];

    /// <summary>The parameters of a query with their unescaped values; empty ones are left out.</summary>
    /// <param name="query">With or without a question mark.</param>
    public static IReadOnlyDictionary<string, string> Parse(string query)
    {
        ArgumentNullException.ThrowIfNull(query);
        Dictionary<string, string> values = [];
        foreach (string part in query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] pair = part.Split('=', 2);
            string value = pair.Length == 2 ? Uri.UnescapeDataString(pair[1].Replace('+', ' ')) : "";
            if (value.Length > 0)
            {
                values[Uri.UnescapeDataString(pair[0])] = value;
            }
        }

        return values;
    }

    /// <summary>The query of these parameters, always in the same order; others than those of a table are left out.</summary>
    public static string Write(IReadOnlyDictionary<string, string> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        StringBuilder query = new();
        foreach (string name in Names)
        {
            if (values.TryGetValue(name, out string? value) && value.Length > 0)
            {
                // Commas separate the items of lists; unescaped they keep an address readable.
                query.Append(query.Length == 0 ? "" : "&").Append(name).Append('=')
                    .Append(Uri.EscapeDataString(value).Replace("%2C", ",", StringComparison.Ordinal));
            }
        }

        return query.ToString();
    }
}
