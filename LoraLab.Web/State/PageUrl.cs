using System.Globalization;
using Microsoft.AspNetCore.Components;

namespace LoraLab.Web.State;

/// <summary>The page's state lives in its address: pages read it through query parameters and write it here.</summary>
public sealed class PageUrl(NavigationManager navigation)
{
    /// <summary>Writes one parameter; null takes it out. Sliders and searches replace the entry in the history, selections add one.</summary>
    public void Set(string name, string? value, bool replace = true) => Set(new Dictionary<string, string?> { [name] = value }, replace);

    /// <summary>Writes several parameters at once.</summary>
    public void Set(IReadOnlyDictionary<string, string?> values, bool replace = true)
    {
        Dictionary<string, object?> parameters = values.ToDictionary(pair => pair.Key, pair => (object?)(string.IsNullOrEmpty(pair.Value) ? null : pair.Value));
        // Commas separate run ids and may stand in a query as they are: the address stays readable.
        string next = navigation.GetUriWithQueryParameters(parameters).Replace("%2C", ",", StringComparison.Ordinal);
        if (next != navigation.Uri)
        {
            navigation.NavigateTo(next, new NavigationOptions { ReplaceHistoryEntry = replace });
        }
    }

    /// <summary>A number as it stands in an address; null stays null.</summary>
    public static string? Number(double? value) => value?.ToString("0.######", CultureInfo.InvariantCulture);

    /// <summary>The parts of a comma-separated parameter.</summary>
    public static IReadOnlyList<string> List(string? value) =>
        string.IsNullOrEmpty(value) ? [] : value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
