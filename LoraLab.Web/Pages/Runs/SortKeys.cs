using LoraLab.Web.State;

namespace LoraLab.Web.Pages.Runs;

/// <summary>The order of a table in the URL: fields separated by commas, each prefixed with a minus for descending order.</summary>
internal static class SortKeys
{
    /// <summary>The direction of a field: 1 ascending, -1 descending, 0 if it is not sorted by.</summary>
    internal static int Direction(string sort, string? field)
    {
        IReadOnlyList<string> keys = PageUrl.List(sort);
        return field is null ? 0 : keys.Contains(field) ? 1 : keys.Contains("-" + field) ? -1 : 0;
    }

    /// <summary>The order after a click on a heading.</summary>
    /// <param name="sort">The order before.</param>
    /// <param name="field">The field of the heading.</param>
    /// <param name="descendingFirst">Whether its first click sorts in descending order.</param>
    /// <param name="add">Whether the other keys stay, as with the shift key.</param>
    internal static string Next(string sort, string field, bool descendingFirst, bool add)
    {
        string next = Direction(sort, field) switch
        {
            0 => descendingFirst ? "-" + field : field,
            > 0 => "-" + field,
            _ => field,
        };
        if (!add)
        {
            return next;
        }

        List<string> keys = [.. PageUrl.List(sort)];
        int at = keys.FindIndex(key => key.TrimStart('-') == field);
        if (at < 0)
        {
            keys.Add(next);
        }
        else
        {
            keys[at] = next;
        }

        return string.Join(',', keys);
    }
}
