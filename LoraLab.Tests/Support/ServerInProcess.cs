using System.Reflection;
using LoraLab.Server.Security;

namespace LoraLab.Tests.Support;

/// <summary>
/// The server's whole program in the tests' own process, for starts that end by themselves: what it would do as a process, exit code and words, without the
/// seconds that a process takes. Configuration comes as arguments, since the environment belongs to all tests.
/// </summary>
internal static class ServerInProcess
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(90);
    private static readonly AsyncLocal<TextWriter?> s_said = new();

    static ServerInProcess()
    {
        Console.SetOut(new Told(Console.Out));
        Console.SetError(new Told(Console.Error));
    }

    /// <summary>Runs a server that is expected to end by itself; returns its exit code and what it wrote.</summary>
    public static async Task<(int ExitCode, string Output)> RunToEndAsync(params string[] arguments)
    {
        StringWriter said = new();
        int exitCode = await Task.Run(() =>
        {
            s_said.Value = TextWriter.Synchronized(said);
            return (int)typeof(ApiKey).Assembly.EntryPoint!.Invoke(null, BindingFlags.DoNotWrapExceptions, null, [arguments], null)!;
        }).WaitAsync(s_timeout);
        return (exitCode, said.ToString());
    }

    /// <summary>The console as each test has it: what was begun inside a call above speaks to that call, everything else to the console.</summary>
    private sealed class Told(TextWriter console) : TextWriter
    {
        public override System.Text.Encoding Encoding => console.Encoding;

        private TextWriter Current => s_said.Value ?? console;

        public override void Write(char value) => Current.Write(value);

        public override void Write(char[] buffer, int index, int count) => Current.Write(buffer, index, count);

        public override void Write(string? value) => Current.Write(value);

        public override void WriteLine(string? value) => Current.WriteLine(value);

        public override void Flush() => Current.Flush();
    }
}
