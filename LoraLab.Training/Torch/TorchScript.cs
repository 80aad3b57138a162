using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using TorchSharp;
using static TorchSharp.torch;

namespace LoraLab.Training.Torch;

/// <summary>
/// The functions of <c>*.torchscript</c>, compiled once per process: a compile error would terminate it, and disposing a unit frees
/// nothing. In the sources, <c>Enum.Member</c> is the value of a member of an enum of this assembly, and <c>Enum.Count</c> their number:
/// indices have the same names in both languages.
/// </summary>
internal static partial class TorchScript
{
    private const string Count = "Count";
    private static readonly Lazy<jit.CompilationUnit> _unit = new(() => jit.compile(Source()));

    /// <summary>Compiles the functions now instead of on the first call.</summary>
    public static void Compile() => _ = _unit.Value;

    /// <summary>Calls a function that returns a tensor; the current dispose scope owns it.</summary>
    public static Tensor Tensor(string function, params object?[] arguments) => (Tensor)Invoke(function, arguments)!;

    /// <summary>Calls a function that returns a list of tensors; the current dispose scope owns them.</summary>
    public static Tensor[] Tensors(string function, params object?[] arguments) => (Tensor[])Invoke(function, arguments)!;

    /// <summary>Calls a function that returns an integer.</summary>
    public static long Integer(string function, params object?[] arguments)
    {
        using Scalar result = (Scalar)Invoke(function, arguments)!;
        return result.ToInt64();
    }

    /// <summary>Calls a function for its side effects on its arguments.</summary>
    public static void Run(string function, params object?[] arguments) => Invoke(function, arguments);

    // TorchSharp converts a double or a long to a native scalar and does not keep it alive during the call: a garbage collection at that
    // moment frees it. This scalar is kept alive until the call returns.
    private static object? Invoke(string function, object?[] arguments)
    {
        for (int i = 0; i < arguments.Length; i++)
        {
            arguments[i] = arguments[i] switch
            {
                double number => number.ToScalar(),
                long number => number.ToScalar(),
                var other => other,
            };
        }

        object? result = _unit.Value.invoke(function, arguments!);
        GC.KeepAlive(arguments);
        return result;
    }

    private static string Source()
    {
        Assembly assembly = typeof(TorchScript).Assembly;
        ILookup<string, Type> enums = assembly.GetTypes().Where(type => type.IsEnum).ToLookup(type => type.Name);
        StringBuilder source = new();
        foreach (string name in assembly.GetManifestResourceNames()
            .Where(name => name.EndsWith(".torchscript", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using StreamReader reader = new(assembly.GetManifestResourceStream(name)!);
            string text = CommentOrConstant().Replace(reader.ReadToEnd().ReplaceLineEndings("\n"), match =>
                match.Value.StartsWith('#') ? "" : Value(enums[match.Groups["type"].Value].Single(), match.Groups["member"].Value));
            source.Append(text).Append('\n');
        }

        return source.ToString();
    }

    private static string Value(Type type, string member) =>
        (member == Count ? Enum.GetNames(type).Length : Convert.ToInt32(Enum.Parse(type, member), CultureInfo.InvariantCulture))
        .ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"#.*|\b(?<type>[A-Z][A-Za-z]*)\.(?<member>[A-Z][A-Za-z]*)\b")]
    private static partial Regex CommentOrConstant();
}
