namespace Clr
{
    public static class Plugin
    {
        public static int Work(int input) => input + 1;
    }
}
