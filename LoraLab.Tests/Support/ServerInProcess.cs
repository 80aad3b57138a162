using System.Reflection;
using LoraLab.Server.Security;

namespace LoraLab.Tests.Support;

/// <summary>
/// Runs the server program inside the test process, for starts that end by themselves: same exit code and output as a process, without its
/// startup time. Configuration is passed as arguments, because the environment is shared by all tests.
/// </summary>
internal static class ServerInProcess
{
    private static readonly TimeSpan _timeout = TimeSpan.FromSeconds(90);
    private static readonly AsyncLocal<TextWriter?> _capture = new();

    static ServerInProcess()
    {
        Console.SetOut(new CapturingWriter(Console.Out));
        Console.SetError(new CapturingWriter(Console.Error));
    }

    /// <summary>Runs a server that is expected to end by itself; returns its exit code and output.</summary>
    public static async Task<(int ExitCode, string Output)> RunToEndAsync(params string[] arguments)
    {
        StringWriter output = new();
        int exitCode = await Task.Run(() =>
        {
            _capture.Value = TextWriter.Synchronized(output);
            return (int)typeof(ApiKey).Assembly.EntryPoint!.Invoke(null, BindingFlags.DoNotWrapExceptions, null, [arguments], null)!;
        }).WaitAsync(_timeout);
        return (exitCode, output.ToString());
    }

    /// <summary>
    /// Console writer that sends output of a call above, including its tasks, to that call, and all other output to the console.
    /// </summary>
    private sealed class CapturingWriter(TextWriter console) : TextWriter
    {
        public override System.Text.Encoding Encoding => console.Encoding;

        private TextWriter Current => _capture.Value ?? console;

        public override void Write(char value) => Current.Write(value);

        public override void Write(char[] buffer, int index, int count) => Current.Write(buffer, index, count);

        public override void Write(string? value) => Current.Write(value);

        public override void WriteLine(string? value) => Current.WriteLine(value);

        public override void Flush() => Current.Flush();
    }
}
