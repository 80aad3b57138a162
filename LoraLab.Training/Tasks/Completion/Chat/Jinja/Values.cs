using System.Globalization;

namespace LoraLab.Training.Tasks.Completion.Chat.Jinja;

/// <summary>
/// What operators, tests, filters and methods make of values: texts, whole numbers, truth values, lists, dictionaries, <c>none</c> (null)
/// and
/// <see cref="Undefined"/>. What is not built is a <see cref="FormatException"/>.
/// </summary>
internal static class Values
{
    /// <summary>Whether a value counts as true.</summary>
    public static bool IsTrue(object? value) => value switch
    {
        null or Undefined => false,
        bool flag => flag,
        long number => number != 0,
        string text => text.Length > 0,
        List<object?> list => list.Count > 0,
        Dictionary<string, object?> members => members.Count > 0,
        _ => true,
    };

    /// <summary>A value as text.</summary>
    public static string Text(object? value) => value switch
    {
        Undefined => "",
        null => "None",
        string text => text,
        long number => number.ToString(CultureInfo.InvariantCulture),
        bool flag => flag ? "True" : "False",
        _ => throw Unknown("a list as text"),
    };

    /// <summary>A whole number.</summary>
    public static long Whole(object? value) => value is long number ? number : throw Unknown("arithmetic on texts");

    /// <summary>A test (<c>is</c>).</summary>
    public static bool Passes(object? value, string test) => test switch
    {
        "defined" => value is not Undefined,
        "undefined" => value is Undefined,
        "none" => value is null,
        "string" => value is string,
        "mapping" => value is Dictionary<string, object?>,
        "iterable" => value is string or List<object?> or Dictionary<string, object?>,
        "sequence" => value is string or List<object?>,
        "true" => value is true,
        "false" => value is false,
        _ => throw Unknown($"the test {test}"),
    };

    /// <summary>Whether a value is in another.</summary>
    public static bool IsIn(object? value, object? container) => container switch
    {
        string text => text.Contains(Text(value), StringComparison.Ordinal),
        List<object?> list => list.Any(item => Equals(item, value)),
        Dictionary<string, object?> members => members.ContainsKey(Text(value)),
        _ => false,
    };

    /// <summary>A comparison.</summary>
    public static bool Compare(string symbol, object? left, object? right) => symbol switch
    {
        "==" => Equals(left, right),
        "!=" => !Equals(left, right),
        "<" => Whole(left) < Whole(right),
        ">" => Whole(left) > Whole(right),
        "<=" => Whole(left) <= Whole(right),
        _ => Whole(left) >= Whole(right),
    };

    /// <summary>A sum or a concatenation.</summary>
    public static object? Add(string symbol, object? left, object? right) => symbol switch
    {
        "~" => Text(left) + Text(right),
        "-" => Whole(left) - Whole(right),
        _ when left is string one && right is string other => one + other,
        _ when left is List<object?> one && right is List<object?> other => one.Concat(other).ToList(),
        _ => Whole(left) + Whole(right),
    };

    /// <summary>A filter.</summary>
    public static object? Filter(string name, object? value, IReadOnlyList<object?> arguments) => name switch
    {
        "trim" => Text(value).Trim(),
        "length" or "count" => value switch
        {
            string text => (long)text.Length,
            List<object?> list => (long)list.Count,
            Dictionary<string, object?> members => (long)members.Count,
            _ => 0L,
        },
        "string" => Text(value),
        "lower" => Text(value).ToLowerInvariant(),
        "upper" => Text(value).ToUpperInvariant(),
        "list" when value is List<object?> => value,
        "default" or "d" => value is Undefined ? arguments.Count > 0 ? arguments[0] : "" : value,
        _ => throw Unknown($"the filter {name}"),
    };

    /// <summary>A method.</summary>
    public static object? Call(string name, object? target, IReadOnlyList<object?> arguments) => (name, target) switch
    {
        ("strip", string text) when arguments.Count == 0 => text.Trim(),
        ("lstrip", string text) when arguments.Count == 0 => text.TrimStart(),
        ("rstrip", string text) when arguments.Count == 0 => text.TrimEnd(),
        ("upper", string text) => text.ToUpperInvariant(),
        ("lower", string text) => text.ToLowerInvariant(),
        ("startswith", string text) => text.StartsWith(Text(arguments[0]), StringComparison.Ordinal),
        ("endswith", string text) => text.EndsWith(Text(arguments[0]), StringComparison.Ordinal),
        ("split", string text) when arguments.Count == 1 => text.Split(Text(arguments[0])).Cast<object?>().ToList(),
        ("get", Dictionary<string, object?> members) => members.TryGetValue(Text(arguments[0]), out object? found)
            ? found
            : arguments.Count > 1 ? arguments[1] : null,
        _ => throw Unknown($"the method {name}"),
    };

    /// <summary>A member or an item.</summary>
    public static object? Item(object? target, object? key) => target switch
    {
        Dictionary<string, object?> members => key is string name && members.TryGetValue(name, out object? value) ? value : Undefined.Value,
        List<object?> list when key is long index => At(list.Count, index) is int at ? list[at] : Undefined.Value,
        string text when key is long index => At(text.Length, index) is int at ? text[at].ToString() : Undefined.Value,
        Undefined or null => throw Unknown("a member of what is not defined"),
        _ => Undefined.Value,
    };

    /// <summary>A part of a list or text.</summary>
    public static object? Slice(object? target, object? from, object? to)
    {
        int count = target switch { List<object?> list => list.Count, string text => text.Length, _ => throw Unknown("a part of a value") };
        int start = Clamp(from is null ? 0 : Whole(from), count);
        int end = Math.Max(start, Clamp(to is null ? count : Whole(to), count));
        return target is List<object?> items ? items[start..end] : ((string)target)[start..end];
    }

    private static int Clamp(long index, int count) => (int)Math.Clamp(index < 0 ? index + count : index, 0, count);

    private static int? At(int count, long index)
    {
        long at = index < 0 ? index + count : index;
        return at >= 0 && at < count ? (int)at : null;
    }

    private static FormatException Unknown(string what) => new($"{what} is not supported");
}
