using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Runs.Views;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Infrastructure.Errors;

namespace LoraLab.Server.Runs.Views;

/// <summary>Validates a view before it is saved: a view that the table cannot show would be found out much later.</summary>
internal static class ViewRules
{
    public static IEnumerable<FieldError> Check(SavedViewPatch patch, bool isNew)
    {
        if (string.IsNullOrWhiteSpace(patch.Name) && (isNew || patch.Name is not null))
        {
            yield return new FieldError("name", "name is empty; give the view a name.");
        }

        if (patch.Name?.Trim().Length > ViewLimits.Name)
        {
            yield return new FieldError(
                "name", TextLimits.TooLong("name", patch.Name.Trim().Length, ViewLimits.Name));
        }

        if (patch.Note?.Length > TextLimits.Notes)
        {
            yield return new FieldError("note", TextLimits.TooLong("note", patch.Note.Length, TextLimits.Notes));
        }

        foreach (FieldError error in CheckQuery(patch.Query ?? "").Concat(CheckCharts(patch.Charts ?? [])))
        {
            yield return error;
        }
    }

    private static IEnumerable<FieldError> CheckQuery(string query)
    {
        if (query.Length > ViewLimits.Query)
        {
            yield return new FieldError("query", TextLimits.TooLong("query", query.Length, ViewLimits.Query));
            yield break;
        }

        IReadOnlyDictionary<string, string> values = ViewQuery.Parse(query);
        if (values.Keys.Except(ViewQuery.Names).FirstOrDefault() is string unknown)
        {
            yield return new FieldError(
                "query",
                $"A table of runs has no parameter '{ApiFailure.Shorten(unknown)}'; known are {string.Join(", ", ViewQuery.Names)}.");
        }

        if (Refusal(values) is string wrong)
        {
            yield return new FieldError("query", $"query: {wrong}");
        }
    }

    /// <summary>What the list of runs would say to the filter and order; null: it accepts them.</summary>
    private static string? Refusal(IReadOnlyDictionary<string, string> values)
    {
        try
        {
            RunListParameters parameters = new()
            {
                State = values.GetValueOrDefault("state"),
                Filter = values.GetValueOrDefault("filter"),
                Sort = values.GetValueOrDefault("sort"),
            };
            parameters.ToFilter();
            parameters.ToSort();
            return null;
        }
        catch (ApiFailure refused)
        {
            return refused.Message;
        }
    }

    private static IEnumerable<FieldError> CheckCharts(IReadOnlyList<string> charts)
    {
        if (charts.Count > ViewLimits.Charts)
        {
            yield return new FieldError("charts", $"charts names {charts.Count} metrics; at most {ViewLimits.Charts} are allowed.");
        }

        foreach (string unknown in charts.Except(MetricCatalog.Default.All.Select(metric => metric.Key)).Take(1))
        {
            yield return new FieldError("charts", $"There is no metric '{ApiFailure.Shorten(unknown ?? "null")}'.");
        }
    }
}
