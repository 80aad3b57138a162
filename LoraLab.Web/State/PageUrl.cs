using System.Globalization;
using Microsoft.AspNetCore.Components;

namespace LoraLab.Web.State;

/// <summary>Page state in the URL: pages read it from query parameters and write it here.</summary>
public sealed class PageUrl(NavigationManager navigation)
{
    /// <summary>Sets one parameter; null removes it. Sliders and searches replace the history entry, selections add one.</summary>
    public void Set(string name, string? value, bool replace = true) => Set(new Dictionary<string, string?> { [name] = value }, replace);

    /// <summary>Sets several parameters at once.</summary>
    public void Set(IReadOnlyDictionary<string, string?> values, bool replace = true)
    {
        Dictionary<string, object?> parameters =
            values.ToDictionary(pair => pair.Key, pair => (object?)(string.IsNullOrEmpty(pair.Value) ? null : pair.Value));
        // Commas separate run ids and are allowed unescaped in a query, which keeps the URL readable.
        string next = navigation.GetUriWithQueryParameters(parameters).Replace("%2C", ",", StringComparison.Ordinal);
        if (next != navigation.Uri)
        {
            navigation.NavigateTo(next, new NavigationOptions { ReplaceHistoryEntry = replace });
        }
    }

    /// <summary>A number as a query value; null stays null.</summary>
    public static string? Number(double? value) => value?.ToString("0.######", CultureInfo.InvariantCulture);

    /// <summary>The items of a comma-separated parameter.</summary>
    public static IReadOnlyList<string> List(string? value) =>
        string.IsNullOrEmpty(value) ? [] : value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
