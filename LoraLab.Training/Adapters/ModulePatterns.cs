using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace LoraLab.Training.Adapters;

/// <summary>
/// Values of modules by pattern, as PEFT reads <c>rank_pattern</c> and <c>alpha_pattern</c> (<c>get_pattern_key</c>): a key is a regular
/// expression for the whole module name or for the part behind one of its dots, and the first key that matches counts.
/// </summary>
/// <typeparam name="TValue">Type of the values.</typeparam>
public sealed class ModulePatterns<TValue>
    where TValue : struct
{
    // Only for expressions that need backtracking.
    private static readonly TimeSpan _timeout = TimeSpan.FromMilliseconds(100);
    private static readonly ConditionalWeakTable<IReadOnlyDictionary<string, TValue>, ModulePatterns<TValue>> _compiled = [];

    private readonly IReadOnlyDictionary<string, TValue> _values;
    private readonly List<(string Key, Regex Expression)> _expressions = [];
    private readonly ConcurrentDictionary<string, bool> _invalid = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string?> _keys = new(StringComparer.Ordinal);

    private ModulePatterns(IReadOnlyDictionary<string, TValue> values)
    {
        _values = values;
        foreach (string key in values.Keys)
        {
            try
            {
                _expressions.Add((key, Compile(key)));
            }
            catch (RegexParseException)
            {
                _invalid[key] = true;
            }
        }
    }

    /// <summary>A key that is not a regular expression, or that takes too long to match; null: there is none.</summary>
    public string? Invalid => _values.Keys.FirstOrDefault(_invalid.ContainsKey);

    /// <summary>Whether a key is not a regular expression, or takes too long to match.</summary>
    public bool IsInvalid(string key) => _invalid.ContainsKey(key);

    /// <summary>The patterns of a specification or configuration; null: none.</summary>
    public static ModulePatterns<TValue>? Of(IReadOnlyDictionary<string, TValue>? values) =>
        values is null ? null : _compiled.GetValue(values, static values => new(values));

    /// <summary>The value of a module, or null if no key matches.</summary>
    /// <param name="module">Full name, for example <c>model.layers.0.self_attn.q_proj</c>.</param>
    public TValue? Find(string module) => KeyOf(module) is string key ? _values[key] : null;

    /// <summary>The key whose value a module has, or null if no key matches.</summary>
    /// <param name="module">Full name, for example <c>model.layers.0.self_attn.q_proj</c>.</param>
    public string? KeyOf(string module) => _keys.GetOrAdd(module, name => Matching(name).FirstOrDefault());

    /// <summary>The keys that match a module, in order.</summary>
    /// <param name="module">Full name, for example <c>model.layers.0.self_attn.q_proj</c>.</param>
    public IEnumerable<string> Matching(string module) =>
        _expressions.Where(pattern => Matches(pattern.Key, pattern.Expression, module)).Select(pattern => pattern.Key);

    private bool Matches(string key, Regex expression, string module)
    {
        try
        {
            return !_invalid.ContainsKey(key) && expression.IsMatch(module);
        }
        catch (RegexMatchTimeoutException)
        {
            _invalid[key] = true;
            return false;
        }
    }

    private static Regex Compile(string key)
    {
        // The groups are PEFT's, so that references to groups have the same numbers.
        string whole = $@"\A(.*\.)?({key})\z";
        try
        {
            return new(whole, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (NotSupportedException)
        {
            return new(whole, RegexOptions.CultureInvariant, _timeout);
        }
    }
}
